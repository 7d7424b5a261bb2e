"""Which rules have to look at a record: decided once for every kind of record, then remembered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sentinel.detect.rule import Rule
from sentinel.detect.taxonomy import Family, Names, Source, bundled
from sentinel.model.record import Value

Said = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule as one log source reads it."""

    rule: Rule
    names: Names
    keywords: tuple[str, ...]


class Router:
    """Finds the candidates of a record."""

    def __init__(self, rules: Sequence[Rule], families: Iterable[Family] | None = None) -> None:
        self._rules = rules
        self._families = tuple(families) if families is not None else bundled()
        self._routes: dict[tuple[tuple[int, Said], ...], tuple[Candidate, ...]] = {}
        self._compiled: dict[tuple[str, int, tuple[str, ...]], Candidate] = {}
        self._speaking = lru_cache(maxsize=1_024)(self._find_families)

    def candidates(self, fields: Mapping[str, Value]) -> tuple[Candidate, ...]:
        """Return the rules for the log sources a record belongs to; none for a dataset no taxonomy file names.

        A rule appears more than once where its field names mean different things in several of those log sources.
        """
        speaking = self._speaking(str(fields.get("event.dataset", "")))
        key = tuple([(index, self._families[index].said(fields)) for index in speaking])
        route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = tuple(self._find(key))
        return route

    def knows(self, dataset: str) -> bool:
        """Return whether any taxonomy file speaks for a dataset."""
        return bool(self._speaking(dataset))

    def _find_families(self, dataset: str) -> tuple[int, ...]:
        return tuple(index for index, family in enumerate(self._families) if family.speaks_for(dataset))

    def _find(self, key: tuple[tuple[int, Said], ...]) -> list[Candidate]:
        found: dict[tuple[str, int], Candidate] = {}
        for index, said in key:
            for source in self._families[index].sources:
                if not source.takes(said):
                    continue
                for rule in self._rules:
                    if rule.log_source.fits(source.offered):
                        found.setdefault((rule.info.id, id(source.names)), self._compile(rule, source))
        return list(found.values())

    def _compile(self, rule: Rule, source: Source) -> Candidate:
        key = (rule.info.id, id(source.names), source.keywords)
        known = self._compiled.get(key)
        if known is None:
            known = self._compiled[key] = Candidate(rule, source.names, source.keywords)
        return known
