"""Names of ATT&CK: tactics in the order of an attack, techniques with the tactics they serve."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sentinel.detect.documents import read_documents

FILE = Path(__file__).with_name("attack.yml")
TACTICS = (
    *("reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation"),
    *("stealth", "defense-impairment", "defense-evasion", "credential-access", "discovery", "lateral-movement"),
    *("collection", "command-and-control", "exfiltration", "impact"),
)
"""As tags write them. Version 19 split `defense-evasion` into the two before it; rules use either."""
UNSAID = "no tactic said"
_SAME = {"stealth": "defense-evasion", "defense-impairment": "defense-evasion"}
_SMALL_WORDS = {"and", "of"}


@dataclass(frozen=True, slots=True)
class Technique:
    """One technique or sub-technique."""

    name: str
    tactics: frozenset[str]


@cache
def techniques() -> Mapping[str, Technique]:
    """Return the techniques known by name: `T1110.001` to Technique."""
    [document] = read_documents(FILE)
    return {key: Technique(str(name), frozenset(tactics)) for key, (name, *tactics) in document.items()}


def name_of(technique: str) -> str:
    """Return a technique's name; empty where it is not known."""
    known = techniques().get(technique)
    return known.name if known else ""


def tactic_name(tactic: str) -> str:
    """Return a tactic as people write it: `Command and Control`."""
    words = tactic.split("-")
    return " ".join(word if word in _SMALL_WORDS else word.capitalize() for word in words)


def tactics_of(technique: str, tagged: frozenset[str]) -> frozenset[str]:
    """Return the tactics a rule means by a technique: those it is tagged with that the technique serves.

    Where none of its tags fits, all of them count; where it has none, all that the technique serves.
    """
    known = techniques().get(technique) or techniques().get(technique.partition(".")[0])
    served = known.tactics if known else frozenset()
    fitting = frozenset(each for each in tagged if each in served or _SAME.get(each) in served)
    return fitting or tagged or served or frozenset({UNSAID})
