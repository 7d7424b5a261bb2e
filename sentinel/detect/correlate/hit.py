"""A match on its way to the correlations: plain values, so that it may come from another process."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from sentinel.detect.facts import Facts, members, text_of
from sentinel.detect.place import Resolver
from sentinel.model.match import Evidence
from sentinel.model.record import Record

AGENCY = "organization.id"
"""As a group-by or value field it means the agency a record belongs to, whatever the rule's own names are."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Hit(msgspec.Struct, frozen=True, array_like=True):
    """What correlations need of a match; `msgspec` encodes it, and so does `pickle`."""

    rule: str
    record: str
    """Id of the record that completed it."""
    when: str
    """`@timestamp` of that record."""
    at: int
    """The same in microseconds since 1970; 0 where it is no time."""
    received: int
    """When the server received the record, in microseconds; 0 where it did not come over the wire."""
    agency: str
    fields: dict[str, str]
    """Sigma field name -> text: those of `Correlator.wanted(rule)` that the record has."""
    evidence: tuple[Evidence, ...] = ()
    records: tuple[str, ...] = ()
    """All records behind the match of a correlation; empty for a plain rule."""


def hit_of(
    rule_id: str,
    record: Record,
    wanted: Sequence[str],
    facts: Facts,
    resolve: Resolver,
    evidence: tuple[Evidence, ...] = (),
) -> Hit:
    """Return the hit of a rule on a record; `resolve` says what the rule's field names mean there."""
    fields: dict[str, str] = {}
    for name in wanted:
        found = facts.first(resolve(name))
        if found is not None:
            fields[name] = ", ".join(text_of(value) for value in members(record.fields[found]))
    return Hit(
        rule=rule_id,
        record=record.id,
        when=record.at,
        at=microseconds(record.at),
        # Never the event's own time: one host with a wrong clock would make all others forget.
        received=microseconds(str(record.fields.get("event.ingested", ""))),
        agency=str(record.fields.get(AGENCY, "")),
        fields=fields,
        evidence=evidence,
    )


def microseconds(text: str) -> int:
    """Return a record's time as microseconds since 1970; 0 where it is no time."""
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
    except (ValueError, TypeError, OverflowError):
        return 0
