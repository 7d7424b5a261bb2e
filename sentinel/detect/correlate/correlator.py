"""Feeds matches to the correlations that listen for them, and theirs to others in turn."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson

from sentinel.detect.correlate.hit import AGENCY, Hit
from sentinel.detect.correlate.measure import MEASURES, NUMERIC, holds, involved
from sentinel.detect.correlate.needless import needless
from sentinel.detect.correlate.window import MAX_RECORDS, Contribution, Groups
from sentinel.detect.predicates.number import as_number
from sentinel.detect.rule import Correlation
from sentinel.errors import InputError
from sentinel.model.match import Evidence, Match

log = logging.getLogger(__name__)

LATENESS_SECONDS = 3_600
"""How long after its window a group is kept for records that arrive late."""
MAX_VALUE_CHARACTERS = 500
"""A longer value is kept as its beginning and a hash: the state holds many, and is written with every batch."""
STATE_VERSION = 1


class Correlator:
    """All correlations of a rule set and their state."""

    def __init__(self, correlations: Iterable[Correlation]) -> None:
        self._correlations = {each.info.id: each for each in correlations}
        self._listeners: defaultdict[str, list[Correlation]] = defaultdict(list)
        for each in self._correlations.values():
            for rule in dict.fromkeys(each.rules):
                self._listeners[rule].append(each)
        self._digests = {rule_id: _digest(each) for rule_id, each in self._correlations.items()}
        self._wanted = {rule: self._fields_for(rule) for rule in self._listeners}
        self._reset()

    def _reset(self) -> None:
        self._groups = {
            rule_id: Groups(each.span_seconds, needless(each)) for rule_id, each in self._correlations.items()
        }
        self._order = 0
        self._clock = 0
        self.ungrouped = 0
        """Matches that lacked a group-by field or value, and so could not be correlated."""

    @property
    def evicted(self) -> int:
        """How many matches were given up because memory is bounded."""
        return sum(groups.evicted for groups in self._groups.values())

    def listens_to(self, rule_id: str) -> bool:
        """Return whether any correlation needs the matches of a rule."""
        return rule_id in self._listeners

    def wanted(self, rule_id: str) -> tuple[str, ...]:
        """Return the Sigma names of the fields whose texts a hit of a rule must carry."""
        return self._wanted.get(rule_id, ())

    def _fields_for(self, rule_id: str) -> tuple[str, ...]:
        """Return the fields that those look at who listen to a rule, and those who listen to them in turn."""
        names: dict[str, None] = {}
        for each in self._listeners.get(rule_id, ()):
            own = [each.aliases.get(name, {}).get(rule_id, name) for name in (*each.group_by, *each.fields)]
            names |= dict.fromkeys([*own, *self._fields_for(each.info.id)])
        return tuple(name for name in names if name != AGENCY)

    def see(self, hit: Hit) -> list[Match]:
        """Take in a match; return the correlation matches it completes, those that listen to them included."""
        matches: list[Match] = []
        waiting = [hit]
        while waiting:
            current = waiting.pop(0)
            for correlation in self._listeners.get(current.rule, ()):
                fired = self._judge(correlation, current)
                if fired is None:
                    continue
                match, following = fired
                if correlation.is_output:
                    matches.append(match)
                waiting.append(following)
        return matches

    def _judge(self, correlation: Correlation, hit: Hit) -> tuple[Match, Hit] | None:
        group = [self._field(correlation, hit, name) for name in correlation.group_by]
        value = self._value(correlation, hit)
        if value is None or None in group:
            self.ungrouped += 1
            return None
        values = tuple(str(each) for each in group)
        # No match may join records of two agencies: each sees only its own.
        key = (hit.agency, *values)
        self._order += 1
        added = Contribution(hit.at, self._order, hit.rule, hit.records or (hit.record,), value)
        groups = self._groups[correlation.info.id]
        self._clock = hit.received
        held = groups.add(key, added, self._clock)
        for window in held.windows(added, correlation.span_seconds * 1_000_000):
            if holds(correlation, window):
                part = involved(correlation, window)
                groups.consume(held, part)
                return _fired(correlation, hit, part, tuple(zip(correlation.group_by, values, strict=True)))
        return None

    def _field(self, correlation: Correlation, hit: Hit, name: str) -> str | None:
        written = correlation.aliases.get(name, {}).get(hit.rule, name)
        found = hit.agency if written == AGENCY else hit.fields.get(written)
        return None if found is None else _short(found)

    def _value(self, correlation: Correlation, hit: Hit) -> tuple[str, ...] | None:
        """Return what the correlation looks at in a match; None where the match has no such value."""
        if not correlation.kind.startswith("value_"):
            return ()
        found = [self._field(correlation, hit, name) for name in correlation.fields]
        texts = tuple(each for each in found if each is not None)
        if len(texts) < len(found) or (correlation.kind in NUMERIC and as_number(texts[0]) is None):
            return None
        return (str(as_number(texts[0])),) if correlation.kind in NUMERIC else texts

    def expire(self) -> None:
        """Forget what no record can complete any more; called between batches."""
        for groups in self._groups.values():
            groups.expire(self._clock, LATENESS_SECONDS * 1_000_000)

    def dump(self) -> bytes:
        """Return the state as JSON."""
        groups = {
            rule_id: {"digest": self._digests[rule_id], "groups": dumped}
            for rule_id, each in self._groups.items()
            if (dumped := each.dump())
        }
        state = {"version": STATE_VERSION, "order": self._order, "clock": self._clock, "correlations": groups}
        return orjson.dumps(state)

    def load(self, state: bytes) -> None:
        """Take back what `dump` returned, or start empty on nothing; raise InputError for anything else.

        What belongs to a correlation that has changed since is left out: it was gathered for another question.
        """
        self._reset()
        if not state:
            return
        try:
            found: dict[str, Any] = orjson.loads(state)
            if found["version"] != STATE_VERSION:
                raise InputError(f"detection state has version {found['version']}, this is {STATE_VERSION}")
            self._order, self._clock = int(found["order"]), int(found["clock"])
            for rule_id, each in found["correlations"].items():
                if self._digests.get(rule_id) == each["digest"]:
                    self._groups[rule_id].load(each["groups"])
                else:
                    log.warning("A correlation has changed; what it had gathered is dropped.", extra={"rule": rule_id})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._reset()
            raise InputError(f"detection state is damaged ({error}); start without it") from error


def _short(text: str) -> str:
    """Return a text that is equal for equal ones and never long."""
    if len(text) <= MAX_VALUE_CHARACTERS:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{text[: MAX_VALUE_CHARACTERS - len(digest) - 1]}…{digest}"


def _fired(
    correlation: Correlation, hit: Hit, window: list[Contribution], group: tuple[tuple[str, str], ...]
) -> tuple[Match, Hit]:
    records = tuple(dict.fromkeys(record for each in window for record in each.records))[-MAX_RECORDS:]
    evidence = (_summary(correlation, window), *hit.evidence)
    match = Match(correlation.info, hit.record, hit.when, evidence, records, group)
    following = Hit(
        rule=correlation.info.id,
        record=hit.record,
        when=hit.when,
        at=window[-1].at,
        received=hit.received,
        agency=hit.agency,
        fields=hit.fields | dict(group),
        evidence=evidence,
        records=records,
    )
    return match, following


def _summary(correlation: Correlation, window: list[Contribution]) -> Evidence:
    seconds = (window[-1].at - window[0].at) / 1_000_000
    measured = MEASURES[correlation.kind](correlation, window)
    wanted = ", ".join(f"{comparison}: {limit:g}" for comparison, limit in correlation.limits) or "condition"
    by = f" by {', '.join(correlation.group_by)}" if correlation.group_by else ""
    return Evidence(
        selection=correlation.kind,
        field=", ".join(correlation.fields),
        value=f"{measured:g} in {seconds:g} s, {len(window)} matches",
        pattern=f"{correlation.kind} {wanted} within {correlation.span_seconds} s{by}",
    )


def _digest(correlation: Correlation) -> str:
    """Return a hash of all that gives waiting matches their meaning."""
    expression = None if correlation.expression is None else repr(correlation.expression)
    meaning = [
        correlation.kind,
        correlation.rules,
        correlation.span_seconds,
        correlation.group_by,
        {alias: dict(sorted(mapping.items())) for alias, mapping in sorted(correlation.aliases.items())},
        correlation.limits,
        correlation.fields,
        correlation.percentile,
        expression,
    ]
    return hashlib.sha256(orjson.dumps(meaning)).hexdigest()[:32]
