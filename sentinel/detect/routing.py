"""Which rules have to look at a record: decided once for every kind of record, then remembered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from sentinel.detect.cache import Shelf
from sentinel.detect.compile import items
from sentinel.detect.facts import fold
from sentinel.detect.index import planner
from sentinel.detect.index.memory import Memory
from sentinel.detect.index.partition import Partition
from sentinel.detect.index.plan import Plan
from sentinel.detect.rule import Rule
from sentinel.detect.taxonomy import Family, Names, bundled
from sentinel.detect.values import Number, Text
from sentinel.model.record import Record, Scalar, Value

MAX_ROUTES = 5_000
"""Kinds of records remembered; taxonomy files know far fewer, but several of them may speak of one record."""
MAX_PARTITIONS = 1_000
"""Numbers of a pivot, in one kind of records, with a plan of their own; all others share one without."""
OTHER = -1
"""Stands for all numbers that no rule names."""
UNPARTED = -2
"""Stands for records without a pivot."""
MAX_DIGITS = 9
"""Longer numbers of a pivot part nothing."""
Said = tuple[tuple[str, str], ...]
Key = tuple[tuple[int, Said], ...]
"""Which families speak for a record, and what it says where that makes a difference to each."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule as one log source reads it."""

    rule: Rule
    names: Names
    keywords: tuple[str, ...]


class Route:
    """One kind of records: the rules of its log sources, parted further by the value of a pivot."""

    def __init__(
        self, key: Key, rules: Sequence[Rule], families: Sequence[Family], shelf: Shelf, memory: Memory
    ) -> None:
        self._key = key
        self._shelf = shelf
        self._memory = memory
        self._name = repr(key)
        self._rules = rules
        self._families = families
        self._partitions: dict[int | None, Partition] = {}
        self.pivot = next((families[index].pivot for index, _ in key if families[index].pivot), "")

    def partition(self, fields: Mapping[str, Value]) -> Partition:
        """Return the partition of a record of this kind."""
        value = fields.get(self.pivot) if self.pivot else None
        number = value if type(value) is int and 0 <= value < 10**MAX_DIGITS else None
        if number is not None and number not in self._mentioned:
            number = OTHER
        known = self._partitions.get(number)
        if known is None and number is not None and len(self._partitions) >= MAX_PARTITIONS:
            number = None
            known = self._partitions.get(number)
        if known is None:
            known = self._partitions[number] = Partition(self._kept_plan(number), self._memory)
        return known

    def _kept_plan(self, number: int | None) -> Plan:
        """Return a plan from the shelf, or put a new one there."""
        place = UNPARTED if number is None else number
        known = self._shelf.plan(self._name, place)
        if known is None:
            known = self._plan({} if number is None else {self.pivot: None if number == OTHER else number})
            self._shelf.put(self._name, sorted(self._mentioned), place, known)
        return known

    def candidate(self, rule: int, source: tuple[int, int]) -> Candidate:
        """Return a rule as one of the log sources reads it, both by their places."""
        family, place = source
        found = self._families[family].sources[place]
        return Candidate(self._rules[rule], found.names, found.keywords)

    @cached_property
    def places(self) -> tuple[tuple[int, tuple[int, int]], ...]:
        """Places of the rules and of the sources that read them; one way of reading a rule is enough."""
        found: dict[tuple[int, int], tuple[int, tuple[int, int]]] = {}
        for index, said in self._key:
            for place, source in enumerate(self._families[index].sources):
                if source.takes(said):
                    for number, rule in enumerate(self._rules):
                        if rule.log_source.fits(source.offered):
                            found.setdefault((number, id(source.names)), (number, (index, place)))
        return tuple(found.values())

    @cached_property
    def _mentioned(self) -> frozenset[int]:
        """Numbers of the pivot that some rule names exactly."""
        if not self.pivot:
            return frozenset()
        if (kept := self._shelf.route(self._name)) is not None:
            return frozenset(kept.mentioned)
        found: set[str] = set()
        for rule, source in self.places:
            candidate = self.candidate(rule, source)
            for item in items(candidate.rule.condition):
                if item.field is not None and candidate.names.resolve(item.field)[0] == self.pivot:
                    values = (value for choice in item.values for value in choice)
                    found.update(_exact(value) for value in values if isinstance(value, Number | Text))
        return frozenset(int(text) for text in found if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS)

    def _plan(self, pinned: Mapping[str, Scalar | None]) -> Plan:
        read = ((rule, source, self.candidate(rule, source)) for rule, source in self.places)
        return planner.plan(
            (
                planner.Candidate(rule, source, each.rule.condition, each.names.resolve, each.keywords)
                for rule, source, each in read
            ),
            pinned,
        )


def _exact(value: Number | Text) -> str:
    if isinstance(value, Number):
        return value.text
    return fold("".join(part or "?" for part in value.pieces[0])) if len(value.pieces) == 1 else ""


class Router:
    """Finds the route of a record."""

    def __init__(
        self, rules: Sequence[Rule], families: Iterable[Family] | None = None, shelf: Shelf | None = None
    ) -> None:
        self._rules = rules
        self._shelf = shelf or Shelf(None)
        self.families = tuple(families) if families is not None else bundled()
        self._routes: dict[Key, Route] = {}
        self._memory = Memory()
        self._speaking = lru_cache(maxsize=1_024)(self._find_families)

    def route(self, fields: Mapping[str, Value]) -> Route:
        """Return the route of a record; one without rules for a dataset that no taxonomy file names."""
        speaking = self._speaking(str(fields.get("event.dataset", "")))
        key = tuple([(index, self.families[index].said(fields)) for index in speaking])
        route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
                self._memory = Memory()  # The one before still knows all the slots of those routes.
            route = self._routes[key] = Route(key, self._rules, self.families, self._shelf, self._memory)
        return route

    def parted(self, records: Sequence[Record]) -> dict[tuple[Route, Partition], list[int]]:
        """Return the places of records by their route and partition."""
        found: dict[tuple[Route, Partition], list[int]] = {}
        for place, record in enumerate(records):
            route = self.route(record.fields)
            found.setdefault((route, route.partition(record.fields)), []).append(place)
        return found

    def candidates(self, fields: Mapping[str, Value], place: int | None = None) -> list[Candidate]:
        """Return the rules for the log sources a record belongs to, or of these only the one at a place.

        A rule appears more than once where its field names mean different things in several of those log sources.
        """
        route = self.route(fields)
        return [route.candidate(rule, source) for rule, source in route.places if place is None or rule == place]

    def knows(self, dataset: str) -> bool:
        """Return whether any taxonomy file speaks for a dataset."""
        return bool(self._speaking(dataset))

    def deciding(self, prefix: str) -> frozenset[str]:
        """Return every field that decides the partition of records whose dataset begins with `prefix`."""
        speaking = [family for family in self.families if any(each.startswith(prefix) for each in family.datasets)]
        return frozenset(
            name for family in speaking for name in (*family.deciding, *([family.pivot] if family.pivot else []))
        )

    def _find_families(self, dataset: str) -> tuple[int, ...]:
        return tuple(index for index, family in enumerate(self.families) if family.speaks_for(dataset))
