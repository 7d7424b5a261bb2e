"""One correlation at work: reads what it needs from a hit, keeps it with its group, and says what it completes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

import orjson

from sentinel.detect.correlate.condition import condition_of
from sentinel.detect.correlate.contribution import Contribution, Key, Value
from sentinel.detect.correlate.groups import Groups
from sentinel.detect.correlate.hit import AGENCY, Hit
from sentinel.detect.correlate.holdback import Holdback
from sentinel.detect.correlate.measure import MAX_NUMBER, MEASURES, NUMERIC
from sentinel.detect.correlate.window import Found, Sameness, Shape
from sentinel.detect.predicates.number import as_number
from sentinel.detect.rule import Correlation
from sentinel.model.agency import CITY
from sentinel.model.match import Evidence, Match

MAX_RECORDS = 100
MAX_VALUE_CHARACTERS = 500
"""A longer value is kept as its beginning and a hash: the state holds many, and is written with every batch."""
_AHEAD = "ahead"
_SAMENESS: dict[str, Sameness] = {"value_count": attrgetter("value"), "temporal": attrgetter("rule")}


@dataclass(frozen=True, slots=True)
class Names:
    """What the fields of a correlation are called by one of its rules."""

    number: int
    """How contributions call the rule."""
    group: tuple[str, ...]
    values: tuple[str, ...]


class Desk:
    """A correlation with its state. `depth` is 1 for one that listens to plain rules only, 2 for one above, ..."""

    def __init__(self, correlation: Correlation, depth: int, lateness: int, max_held: int) -> None:
        self.correlation = correlation
        self.depth = depth
        self.digest = digest_of(correlation)
        self.ungrouped = 0
        """Matches that lacked a group-by field or value."""
        numbers = {rule: number for number, rule in enumerate(dict.fromkeys(correlation.rules))}
        self.names = {rule: _names(correlation, rule, number) for rule, number in numbers.items()}
        self._across = correlation.info.across_agencies
        self._is_numeric = correlation.kind in NUMERIC
        self._shape = _shape(correlation, numbers)
        self._max_held = max_held
        # Each level waits for the one below, whose matches it must see in order with its own.
        self._lateness = lateness * depth
        self.reset()

    def reset(self) -> None:
        """Forget everything gathered."""
        self.groups = Groups(self._shape, self._max_held)
        self.holdback = Holdback(self._lateness)

    def read(self, hit: Hit, order: int) -> tuple[Key, Contribution] | None:
        """Return what a hit contributes, and to which group; None, counted, where it lacks what that takes."""
        names = self.names[hit.rule]
        key = [""] if self._across else [hit.agency]
        for name in names.group:
            text = _text(hit, name)
            if text is None:
                self.ungrouped += 1
                return None
            key.append(text)
        value: Value = None
        if names.values:
            value = self._value(hit, names.values)
            if value is None:
                self.ungrouped += 1
                return None
        if hit.received and hit.at > hit.received + self._shape.span:
            # Nothing that happened by now can share a window with it: a clock that is wrong so far ages by itself.
            key.append(_AHEAD)
        return tuple(key), Contribution(hit.at, order, names.number, hit.records or (hit.record,), value)

    def _value(self, hit: Hit, names: tuple[str, ...]) -> Value:
        if len(names) == 1:
            text = _text(hit, names[0])
            if text is None or not self._is_numeric:
                return text
            number = as_number(text)
            return float(number) if number is not None and abs(number) <= MAX_NUMBER else None
        texts = tuple([_text(hit, name) for name in names])
        return None if None in texts else tuple(str(text) for text in texts)

    def judge(self, key: Key, added: Contribution, hit: Hit) -> tuple[Match, Hit] | None:
        """Return the match that a contribution completes, and the hit it makes for those who listen; None for none."""
        found = self.groups.take(key, added, hit.received)
        if found is None:
            return None
        correlation = self.correlation
        group = tuple(zip(correlation.group_by, key[1:], strict=False))
        records = tuple(dict.fromkeys(record for each in found.part for record in each.records))[-MAX_RECORDS:]
        evidence = (_summary(correlation, found), *hit.evidence)
        agency = CITY if self._across or hit.agency == CITY else None
        match = Match(correlation.info, hit.record, hit.when, evidence, records, group, agency)
        following = Hit(
            rule=correlation.info.id,
            record=hit.record,
            when=hit.when,
            at=found.part[-1].at,
            received=hit.received,
            agency=CITY if self._across else hit.agency,
            fields=hit.fields | dict(group),
            evidence=evidence,
            records=records,
        )
        return match, following


def digest_of(correlation: Correlation) -> str:
    """Return a hash of all that gives waiting matches their meaning."""
    meaning = [
        correlation.kind,
        correlation.rules,
        correlation.span_seconds,
        correlation.group_by,
        {alias: dict(sorted(mapping.items())) for alias, mapping in sorted(correlation.aliases.items())},
        correlation.limits,
        correlation.fields,
        correlation.percentile,
        repr(correlation.expression),
        correlation.info.across_agencies,
    ]
    return hashlib.sha256(orjson.dumps(meaning)).hexdigest()[:32]


def _names(correlation: Correlation, rule: str, number: int) -> Names:
    def written(name: str) -> str:
        return correlation.aliases.get(name, {}).get(rule, name)

    values = correlation.fields if correlation.kind.startswith("value_") else ()
    return Names(number, tuple(map(written, correlation.group_by)), tuple(map(written, values)))


def _shape(correlation: Correlation, numbers: Mapping[str, int]) -> Shape:
    listed = [numbers[rule] for rule in correlation.rules]
    make = MEASURES[correlation.kind]
    return Shape(
        span=correlation.span_seconds * 1_000_000,
        fresh=lambda: make(correlation, listed),
        condition=condition_of(correlation, numbers),
        sameness=_SAMENESS.get(correlation.kind),
        merges_runs=correlation.kind == "temporal_ordered" and len(numbers) == len(listed),
    )


def _text(hit: Hit, name: str) -> str | None:
    """Return the text of a field, shortened where it is long; None where the record lacks it."""
    text = (hit.agency or None) if name == AGENCY else hit.fields.get(name)
    if text is None or len(text) <= MAX_VALUE_CHARACTERS:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{text[: MAX_VALUE_CHARACTERS - len(digest) - 1]}…{digest}"


def _summary(correlation: Correlation, found: Found) -> Evidence:
    seconds = (found.part[-1].at - found.part[0].at) / 1_000_000
    wanted = ", ".join(f"{comparison}: {limit:g}" for comparison, limit in correlation.limits) or "condition"
    by = f" by {', '.join(correlation.group_by)}" if correlation.group_by else ""
    return Evidence(
        selection=correlation.kind,
        field=", ".join(correlation.fields),
        value=f"{found.measured:g} in {seconds:g} s, {len(found.part)} matches",
        pattern=f"{correlation.kind} {wanted} within {correlation.span_seconds} s{by}",
    )
