"""One line after another becomes a record with the hits on it: the same in the server and in its workers."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from sentinel.detect.correlate.hit import Hit
from sentinel.event import Event
from sentinel.journal import Entry
from sentinel.model.match import Match
from sentinel.model.record import Fields, Record

OWN_COLLECTOR = "sentinel"
"""Writes what Sentinel says of itself; enrolled collectors have other ids, made by the server."""
OWN_DATASETS = "sentinel."
GAP = "sentinel.gap"
"""What a collector lost; the one dataset of ours that collectors write."""

MAX_KEPT_CHARACTERS = 100_000
"""What is kept of a line on which Sentinel failed."""


class Normalise(Protocol):
    """Turns a raw line into a record; see `sentinel.normalise`."""

    def __call__(self, event: Event, *, agency: str | None, received_at: str | None, fault: str = "") -> Record:
        """Return the record of `event`."""
        ...


class Finder(Protocol):
    """The part of the engine that needs no state."""

    def judge(self, records: Sequence[Record]) -> list[list[Hit]]:
        """Return the hits on each record."""
        ...


class Detection(Finder, Protocol):
    """What makes matches of records: the engine, or the part of it that one process has."""

    def conclude(self, records: Sequence[Record], hits: Sequence[Sequence[Hit]]) -> list[tuple[Match, Record]]:
        """Return what follows from the hits on `records`, in order."""
        ...

    def advance(self, received: int) -> list[tuple[Match, Record]]:
        """Return what follows from nothing having come by a time of the server, in microseconds."""
        ...

    def checkpoint(self) -> bytes:
        """Return all that is gathered."""
        ...

    def changes(self) -> bytes | None:
        """Return what to put behind the last checkpoint and its changes since; None where a checkpoint is due."""
        ...

    def restore(self, state: bytes) -> None:
        """Go on from a checkpoint with what was put behind it; raise InputError where it is damaged."""
        ...


def normalised(normalise: Normalise, entries: Sequence[Entry]) -> list[Record]:
    """Return the record of each entry.

    Those of one dataset are made one after the other: what their parser needs is near the processor then, which takes
    a fifth of the time away.
    """
    waiting = list(entries)
    order = sorted(range(len(waiting)), key=[entry.event.dataset for entry in waiting].__getitem__)
    made: dict[int, Record] = {}
    for place in order:
        entry = waiting[place]
        made[place] = normalise(entry.event, agency=entry.agency, received_at=entry.received_at, fault=fault_of(entry))
    return [made[place] for place in range(len(waiting))]


def fault_of(entry: Entry) -> str:
    """Return what is wrong with an entry before it is read: nobody but Sentinel writes Sentinel's own history."""
    event = entry.event
    if event.dataset.startswith(OWN_DATASETS) and event.dataset != GAP and event.collector != OWN_COLLECTOR:
        return entry.fault or f"only the server itself writes {event.dataset[:80]}"
    return entry.fault


def set_aside(entry: Entry) -> Record:
    """Return a record that keeps the line of an event and nothing that came of it."""
    event = entry.event
    place = f"\0{event.key}" if event.key else f"{event.epoch}\0{event.sequence}"
    name = f"set aside\0{event.collector}\0{place}".encode("utf-8", "backslashreplace")
    identity = hashlib.sha256(name).hexdigest()[:40]
    raw = event.raw[:MAX_KEPT_CHARACTERS].encode("utf-8", "backslashreplace").decode("utf-8")
    fields: Fields = {
        "@timestamp": entry.received_at,
        "event.kind": "pipeline_error",
        "event.dataset": "sentinel.unknown",
        "event.id": identity,
        "event.ingested": entry.received_at,
        "event.original": raw,
        "event.sequence": event.sequence,
        "message": raw,
        "error.message": f"Sentinel failed on this event of dataset {event.dataset[:80]!r}; see the server's log",
        "agent.id": event.collector,
        "organization.id": entry.agency,
        "event.agent_id_status": "verified",
    }
    return Record(identity, fields)


def broken(found: Iterable[tuple[Entry, Record]]) -> list[tuple[str, str, str]]:
    """Return collector, dataset and fault of each line that could not be read."""
    return [
        (entry.event.collector, str(record.fields["event.dataset"]), str(record.fields.get("error.message", "")))
        for entry, record in found
        if record.fields["event.kind"] == "pipeline_error"
    ]
