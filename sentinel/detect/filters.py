"""Filters narrow rules that others wrote: their condition must hold too (Sigma filters specification)."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetections

from sentinel.detect.rule import Doubt, LogSource
from sentinel.detect.tree import Group, Item, Negation, Node, Selection


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was read and whose condition was proved sound."""

    path: Path
    filter_id: str | None
    title: str
    log_source: LogSource
    rules: frozenset[str] | None
    """Ids and names of the rules it narrows; None for any of its log source."""
    detection: SigmaDetections

    def narrows(self, rule_id: str, name: str, log_source: LogSource) -> bool:
        """Return whether a rule is meant: named, or any is, and of the filter's log source."""
        is_meant = self.rules is None or rule_id in self.rules or (name != "" and name in self.rules)
        return is_meant and self.log_source.fits(log_source)

    def copy(self) -> SigmaDetections:
        """Return the detection for one rule: pipelines write into what they are given."""
        return deepcopy(self.detection)


def filter_of(parsed: SigmaFilter, path: Path, log_source: LogSource) -> Filter:
    """Return our form of what pySigma parsed."""
    rules = parsed.filter.rules
    meant = None if isinstance(rules, str) else frozenset(_reference(each.reference) for each in rules)
    parsed_id = None if parsed.id is None else str(parsed.id)
    return Filter(path, parsed_id, str(parsed.title), log_source, meant, parsed.filter)


def _reference(text: object) -> str:
    """Return an id in the form ids have here, or a name as it is."""
    try:
        return str(UUID(str(text)))
    except ValueError:
        return str(text)


def doubts_about(each: Filter, condition: Node, known: Iterable[tuple[str, str, LogSource]]) -> list[Doubt]:
    """Return what is odd about a filter: it keeps what it names, names nobody, or narrows nothing.

    `known` are the ids, names and log sources of the plain rules.
    """
    found: list[str] = []
    if not _excludes(condition):
        found.append(
            "keeps only events that its condition holds for, because filters are ANDed to rules as written; "
            "to leave those events out write 'condition: not ...'"
        )
    rules = list(known)
    names = {name for rule_id, name, _ in rules for name in (rule_id, name)}
    if lost := sorted((each.rules or frozenset()) - names):
        found.append(f"names what is no plain rule here: {_few(lost)}")
    elif not any(each.narrows(*rule) for rule in rules):
        found.append("narrows no rule: none of those it names has its log source")
    return [Doubt(each.path, each.filter_id, f"filter '{each.title}' {message}") for message in found]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _excludes(node: Node) -> bool:
    """Return whether anything in a condition is negated."""
    match node:
        case Negation():
            return True
        case Item():
            return node.is_negated
        case Selection():
            return _excludes(node.part)
        case Group():
            return any(_excludes(part) for part in node.parts)
