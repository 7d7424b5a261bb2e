"""Reads the case files: what a rule's text means, as data.

A file maps headings of docs/reference/sigma-semantics.md to cases. A case has a `name` and a rule: its `detection`, or
the `documents` or the `text` of a whole rule file. It says which events make the rule fire (`fires`) or not (`quiet`),
which titles of rules an event brings up (`expects`), words of the reason why the rule is `refused`, of every fault
(`faults`) or of every doubt (`doubts`); `placeholders` are those of the configuration.
"""

import re
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "cases"
Case = dict[str, Any]
_REPEATED = re.compile(r"<(\d+) (letters|digits)>")


def sections() -> dict[str, list[Case]]:
    """Return the cases by the heading they belong to."""
    found: dict[str, list[Case]] = {}
    for path in sorted(FOLDER.glob("*.yml")):
        for heading, cases in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader).items():
            assert heading not in found, f"{path.name}: heading {heading!r} is in another file already"
            found[heading] = cases
    return found


def cases() -> list[Case]:
    """Return every case."""
    return [case for each in sections().values() for case in each]


def rule_text(case: Case) -> str:
    """Return the rule file of a case."""
    if "text" in case:
        return str(spelt_out(case["text"]))
    rule = {"title": "case", "logsource": {"product": "test"}, "detection": case.get("detection")}
    return yaml.safe_dump_all(case.get("documents", [rule]), allow_unicode=True)


def spelt_out(value: Any) -> Any:
    """Return a value of a case with what YAML cannot say put in: `<1001 letters>`, `<lone surrogate>`."""
    if isinstance(value, list):
        return [spelt_out(each) for each in value]
    if not isinstance(value, str):
        return value
    if (found := _REPEATED.fullmatch(value)) and found[2] == "digits":
        return int("9" * 999) * 10 ** (int(found[1]) - 999)
    text = _REPEATED.sub(lambda each: int(each[1]) * ("a" if each[2] == "letters" else "9"), value)
    return text.replace("<lone surrogate>", "\udc80")
