"""Reads one line of an e-government audit log by its schema."""

from sentinel.errors import InputError
from sentinel.model.record import Fields
from sentinel.normalise.decode import json_object
from sentinel.normalise.egov.office_hours import is_open
from sentinel.normalise.egov.schema import OUTCOMES, Action, Schema
from sentinel.normalise.egov.secrecy import SECRET, WITHHELD, Guarded, WithheldError, guard
from sentinel.normalise.egov.values import read_value
from sentinel.normalise.typed import checked

VERSION = 1
ALWAYS = ("version", "time", "action", "outcome")
SENSITIVE = ("token", "account")
"""Kinds whose value is taken out of a line that is rejected: it may be the number it must not be."""


def read(raw: str, schema: Schema) -> Fields:
    """Return the fields of one line; raise `InputError` naming what breaks the schema.

    Names that the schema does not know stay in `event.original` and are no error. What a log must not hold is taken
    out of the original too, and the record says so (`sentinel.egov.is_withheld`).
    """
    try:
        body = json_object(raw)
    except InputError as error:
        if not schema.secret:
            raise
        raise WithheldError(str(error), f"{WITHHELD[:-1]}: {len(raw)} characters that are no JSON object)") from error
    known = frozenset(ALWAYS) | {entry.name for entry in schema.entries}
    guarded = guard(body, known, schema.secret)
    try:
        fields = _fields(guarded.body, schema)
    except InputError as error:
        if (original := _rejected(guarded, schema, known)) is not None:
            raise WithheldError(str(error), original) from error
        raise
    _add_guarded(fields, guarded)
    if schema.derive is not None:
        schema.derive(fields)
    return fields


def _fields(body: dict[str, object], schema: Schema) -> Fields:
    if body.get("version", VERSION) != VERSION:
        raise InputError(f"version: only {VERSION} is known, got {str(body['version'])[:20]!r}")
    action = _action(body, schema)
    for entry in schema.entries:
        if entry.needed and not (isinstance(body.get(entry.name), str) and body[entry.name]):
            raise InputError(f"{entry.name} is missing, or no text")
    outcome = body.get("outcome")
    if outcome is None or outcome == "":
        raise InputError("outcome is missing, or no text")
    if outcome not in OUTCOMES:
        raise InputError(f"outcome: expected success or failure, got {str(outcome)[:40]!r}")
    if "time" not in body:
        raise InputError("time is missing")
    fields: Fields = {
        "@timestamp": checked("@timestamp", body["time"]),
        "event.category": [action.category],
        "event.type": [action.type],
        "event.action": action.name,
        "event.outcome": str(outcome),
    }
    for entry in schema.entries:
        value = body.get(entry.name)
        if value is not None and value != "":
            fields[entry.field] = read_value(entry, value)
    fields["sentinel.egov.is_office_hours"] = is_open(str(fields["@timestamp"]))
    return fields


def _action(body: dict[str, object], schema: Schema) -> Action:
    said = body.get("action")
    for each in schema.actions:
        if each.name == said:
            return each
    known = ", ".join(each.name for each in schema.actions)
    raise InputError(f"action: expected one of {known}, got {str(said)[:40]!r}")


def _add_guarded(fields: Fields, guarded: Guarded) -> None:
    found = [level for level in (guarded.marking, fields.get("sentinel.egov.marking_found")) if level in SECRET]
    if found:
        fields["sentinel.egov.marking_found"] = max(map(str, found), key=SECRET.index)
    if guarded.names:
        fields["sentinel.egov.is_withheld"] = True
        fields["sentinel.egov.withheld"] = list(guarded.names)
        fields["event.original"] = guarded.original


def _rejected(guarded: Guarded, schema: Schema, known: frozenset[str]) -> str | None:
    """Return what may be kept of a line that is rejected; None where all of it may.

    Where a line is wrong, so may be what it says of secrecy: titles are not kept then.
    """
    body = guarded.body
    gone = set(guarded.names)
    if schema.secret:
        gone |= {name for name in body if name in schema.secret or name not in known}
    for entry in schema.entries:
        if entry.kind not in SENSITIVE or body.get(entry.name) in (None, ""):
            continue
        try:
            read_value(entry, body[entry.name])
        except InputError:
            gone.add(entry.name)
    return Guarded(body, tuple(sorted(gone)), None).original if gone else None
