"""The matches that neither of the two other engines has, each with what somebody found when looking at it."""

from dataclasses import dataclass
from pathlib import Path

import yaml

EXPLAINED = Path(__file__).parent.parent / "sigma_explained.yml"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one rule is right to fire where the others do not."""

    title: str
    verdict: str
    cause: str
    """Why the others cannot have it."""
    hit: str
    """What makes the condition true."""
    lines: frozenset[int]
    """The only places it is right in."""


@dataclass(frozen=True, slots=True)
class Explained:
    """All of them."""

    causes: dict[str, str]
    matches: dict[tuple[str, str, str], Explanation]
    """By corpus (`stream`, `evtx`), segment or file, and rule."""


def explained(path: Path = EXPLAINED) -> Explained:
    """Return what is explained."""
    content = yaml.safe_load(path.read_text("utf-8"))
    matches = {
        (corpus, str(each[place]), str(each["rule"])): Explanation(
            each["title"], each["verdict"], each["cause"], str(each["hit"]).strip(), frozenset(each["lines"])
        )
        for corpus, place in (("stream", "segment"), ("evtx", "file"))
        for each in content.get(corpus, [])
    }
    return Explained({name: str(text).strip() for name, text in content["causes"].items()}, matches)
