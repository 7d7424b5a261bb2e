"""A layer for the ATT&CK Navigator, in layer format 4.5 (github.com/mitre-attack/attack-navigator, layers/spec)."""

from sentinel.cli.coverage.attack import name_of
from sentinel.cli.coverage.matrix import Matrix

FORMAT = "4.5"
MAX_TITLES = 30
_COLOURS = ["#e3f0fa", "#1f6fb2"]
"""From few rules to many: one hue, so that it can be read without seeing red and green."""


def layer(matrix: Matrix, name: str) -> dict[str, object]:
    """Return the layer: each technique scored with the number of rules, their titles in the comment.

    No tactic is named, so a technique is marked below every tactic it has in the version the Navigator shows.
    """
    found = matrix.techniques()
    parents = {technique.partition(".")[0] for technique in found if "." in technique}
    entries: list[dict[str, object]] = []
    for technique in sorted({*found, *parents}):
        rules = found.get(technique, ())
        entry: dict[str, object] = {"techniqueID": technique, "enabled": True}
        if rules:
            titles = [rule.title for rule in rules[:MAX_TITLES]]
            more = [f"and {len(rules) - MAX_TITLES} more"] if len(rules) > MAX_TITLES else []
            entry |= {"score": len(rules), "comment": "\n".join([*titles, *more])}
        if technique in parents:
            entry["showSubtechniques"] = True
        entries.append(entry)
    return {
        "name": name,
        "versions": {"layer": FORMAT},
        "domain": "enterprise-attack",
        "description": f"{len(found)} techniques that Sigma rules speak of; the score is the number of rules",
        "sorting": 3,
        "hideDisabled": False,
        "techniques": entries,
        "gradient": {
            "colors": _COLOURS,
            "minValue": 0,
            "maxValue": max((len(rules) for rules in found.values()), default=1),
        },
        "legendItems": [],
        "metadata": [{"name": "without a technique", "value": f"{len(matrix.untagged)} rules"}],
        "showTacticRowBackground": False,
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
    }


def label(technique: str) -> str:
    """Return a technique with its name, where it is known."""
    return f"{technique} {name_of(technique)}".rstrip()
