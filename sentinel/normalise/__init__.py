"""A raw line becomes a Record: parsed where we can, kept as it is where we cannot."""

import hashlib
import re
from dataclasses import replace

from sentinel.errors import InputError
from sentinel.event import MAX_RAW_CHARACTERS, Event
from sentinel.model.hints import IS_UNPROVEN, SENDER_ADDRESS, TIME, WRAPPING
from sentinel.model.moment import from_text
from sentinel.model.record import Fields, Record
from sentinel.normalise import times
from sentinel.normalise.egov.secrecy import WithheldError
from sentinel.normalise.flat import MAX_NAME_CHARACTERS
from sentinel.normalise.parsers import PARSERS, Parse
from sentinel.normalise.placing import LABELS
from sentinel.normalise.relate import relate
from sentinel.normalise.values import MAX_LONG, printable
from sentinel.normalise.wrapped import interpret
from sentinel.normalise.wrappings import WRAPPINGS

_DATASET = re.compile(r"[a-z0-9_]{1,30}(\.[a-z0-9_]{1,30}){1,3}")
_HINTS: dict[str, type] = {
    "log.file.path": str,
    "log.offset": int,
    "log.truncated": bool,
    "event.timezone": str,
    "observer.name": str,
    "observer.ingress.interface.name": str,
    SENDER_ADDRESS: str,
}
MAX_HOST_CHARACTERS = 255
LONG_CHARACTERS = 8_000
"""Stores compare the beginnings of longer values; `sentinel.long` marks the records that may have some."""
_NO_TIME = "1970-01-01T00:00:00.000000Z"


def normalise(event: Event, *, agency: str | None, received_at: str | None, fault: str = "") -> Record:
    """Return the record of `event`; never raises for what a line contains.

    `agency` is that of the proven sender, None where there is none (files read by `sentinel scan`). `fault` says why
    the line could not even be decoded. A line that is rejected becomes a record of kind `pipeline_error`.
    """
    record_id = identity(event)
    raw = printable(event.raw)
    if raw is not event.raw:
        event = replace(event, raw=raw)
    try:
        seen_at = times.to_text(event.seen_at)
    except InputError as error:
        seen_at, fault = received_at or _NO_TIME, fault or str(error)
    fields: Fields = {
        "@timestamp": _time_beside(event) or seen_at,
        "event.kind": "event",
        "event.dataset": event.dataset if _DATASET.fullmatch(event.dataset) else "sentinel.unknown",
    }
    if event.host:
        fields["host.name"] = printable(event.host[:MAX_HOST_CHARACTERS])
    try:
        _interpret(event, fields, fault)
    except InputError as error:
        kept = error.original if isinstance(error, WithheldError) else raw
        fields["event.kind"] = "pipeline_error"
        fields["error.message"] = printable(str(error))
        fields["message"] = fields["event.original"] = kept[:MAX_RAW_CHARACTERS]
    if len(raw) > LONG_CHARACTERS:
        fields["sentinel.long"] = True
    _stamp(fields, event, agency)
    fields["event.created"] = seen_at
    if received_at is not None:
        fields["event.ingested"] = received_at
    fields["event.id"] = record_id
    relate(fields)
    return Record(record_id, fields)


def identity(event: Event) -> str:
    """Return the id of the record of `event`: a hash of where it stands in its epoch, or of its sender's key for it."""
    # No epoch is empty: a key of one sender is never a place of another.
    place = f"\0{event.key}" if event.key else f"{event.epoch}\0{event.sequence}"
    return hashlib.sha256(f"{event.collector}\0{place}".encode("utf-8", "backslashreplace")).hexdigest()[:40]


def parser_of(dataset: str) -> Parse | None:
    """Return the parser of a dataset, or None where there is none."""
    return PARSERS.get(dataset) or PARSERS.get(dataset.partition(".")[0] + ".*")


def _time_beside(event: Event) -> str:
    """Return the time that came beside the line; empty where there is none, or no time."""
    told = event.hints.get(TIME)
    try:
        return times.to_text(from_text(told)) if isinstance(told, str) else ""
    except (ValueError, OverflowError, InputError):
        return ""


def _interpret(event: Event, fields: Fields, fault: str) -> None:
    if fault:
        raise InputError(fault)
    if len(event.raw) > MAX_RAW_CHARACTERS:
        raise InputError(f"{len(event.raw)} characters, more than the {MAX_RAW_CHARACTERS} allowed")
    parse = parser_of(event.dataset)
    unwrap = WRAPPINGS.get(str(event.hints.get(WRAPPING, "")))
    if unwrap is not None:
        fields.update(interpret(event, unwrap(event.raw), parse))
        return
    if parse is None:
        known = ", ".join(PARSERS)
        raise InputError(f"there is no parser for dataset {event.dataset[:80]!r}; known are {known}")
    found = parse(event)
    if found is None:
        fields["message"] = event.raw
    else:
        fields.update(found)


def _stamp(fields: Fields, event: Event, agency: str | None) -> None:
    """Set what the content of a line must not decide."""
    if event.hints:
        _add_hints(fields, event)
    # Only a parser that had to take something out has set it before.
    fields.setdefault("event.original", event.raw[:MAX_RAW_CHARACTERS])
    fields["event.sequence"] = event.sequence
    if agency is not None:
        fields["agent.id"] = event.collector
        fields["organization.id"] = agency
        is_proven = event.hints.get(IS_UNPROVEN) is not True
        fields["event.agent_id_status"] = "verified" if is_proven else "auth_metadata_missing"


def _add_hints(fields: Fields, event: Event) -> None:
    """Add what the collector told beside the line."""
    for name, wanted in _HINTS.items():
        value = event.hints.get(name)
        if isinstance(value, str) and wanted is str:
            fields[name] = printable(value)
        elif value is not None and not isinstance(value, str) and type(value) is wanted and abs(value) <= MAX_LONG:
            fields[name] = value
    for name, value in event.hints.items():
        if name.startswith(LABELS) and isinstance(value, str) and len(name) <= MAX_NAME_CHARACTERS:
            fields[printable(name)] = printable(value)
