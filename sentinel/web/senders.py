"""Senders of others as the console lists them beside the collectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentinel.model.sender import HTTP_DOORS, Sender
from sentinel.web.words import mark

DOOR_NAMES = {
    "bulk": mark("Elasticsearch bulk"),
    "hec": mark("Splunk HEC"),
    "otlp": mark("OpenTelemetry"),
    "syslog": mark("Syslog"),
}
Faults = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class SenderRow:
    """One line of the table."""

    sender: Sender
    door: str
    """Key of the door's name in words."""
    proof: str
    """`token`, `certificate`, or the networks it is known by."""
    faults: Faults
    """What was refused, repeated or set aside, by reason."""


def sender_rows(found: Sequence[Sender], faults: Mapping[str, Faults]) -> list[SenderRow]:
    """Return a row for each sender, revoked ones last."""
    rows = [SenderRow(one, DOOR_NAMES.get(one.door, one.door), _proof(one), faults.get(one.id, ())) for one in found]
    return sorted(rows, key=lambda row: (row.sender.revoked, row.sender.agency, row.sender.name))


def _proof(sender: Sender) -> str:
    if sender.door in HTTP_DOORS:
        return "token"
    return ", ".join(str(network) for network in sender.networks) or "certificate"
