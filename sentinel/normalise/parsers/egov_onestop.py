"""egov.onestop: the audit log of a one-stop system; its schema is docs/reference/egov-onestop.md."""

import re
import unicodedata
from datetime import datetime, timedelta, timezone

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.decode import json_object
from sentinel.normalise.typed import checked

OFFICE_ZONE = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Viet Nam has no summer time, so a fixed offset is exact and needs no time zone data."""
OPENING_HOUR, CLOSING_HOUR = 7, 18
SUNDAY = 6

NAMES = {
    "reason": "event.reason",
    "user": "user.name",
    "roles": "user.roles",
    "session": "sentinel.egov.session_id",
    "source_ip": "source.ip",
    "device": "device.id",
    "office": "sentinel.egov.office",
    "counter": "sentinel.egov.counter",
    "dossier": "sentinel.egov.dossier_id",
    "procedure": "sentinel.egov.procedure_code",
    "citizen": "sentinel.egov.citizen_hmac",
    "rows": "sentinel.egov.rows",
    "status_from": "sentinel.egov.status_from",
    "status_to": "sentinel.egov.status_to",
    "signed": "sentinel.egov.is_signed",
    "effective_at": "sentinel.egov.effective_at",
    "open_dossier": "sentinel.egov.has_open_dossier",
}
"""Name in the schema to ECS name. Names that are in neither are left in `event.original`."""

_KINDS = {
    "login": ("authentication", "start"),
    "logout": ("authentication", "end"),
    "lookup": ("database", "access"),
    "view": ("database", "access"),
    "print": ("database", "access"),
    "export": ("database", "access"),
    "status_change": ("database", "change"),
    "sign": ("database", "change"),
}
_REQUIRED = ("user", "office", "outcome")
_OUTCOMES = ("success", "failure")
# A citizen's number is 12 digits, an old one 9: a token must not be able to be either.
_TOKEN = re.compile(r"[0-9a-f]{32,64}")


def parse(event: Event) -> Fields | None:
    """Return the fields of one audit entry; raise `InputError` naming what breaks the schema."""
    body = json_object(event.raw)
    if body.get("version", 1) != 1:
        raise InputError(f"version: only 1 is known, got {str(body['version'])[:20]!r}")
    action = body.get("action")
    kind = _KINDS.get(action) if isinstance(action, str) else None
    if kind is None:
        raise InputError(f"action: expected one of {', '.join(_KINDS)}, got {str(action)[:40]!r}")
    for name in _REQUIRED:
        if not isinstance(body.get(name), str) or not body[name]:
            raise InputError(f"{name} is missing, or no text")
    if body["outcome"] not in _OUTCOMES:
        raise InputError(f"outcome: expected success or failure, got {str(body['outcome'])[:40]!r}")
    fields: Fields = {
        "event.category": [kind[0]],
        "event.type": [kind[1]],
        "event.action": str(action),
        "event.outcome": str(body["outcome"]),
    }
    _add_named(fields, body)
    _add_times(fields, body)
    return fields


def _add_named(fields: Fields, body: dict[str, object]) -> None:
    citizen = body.get("citizen")
    if citizen is not None and not (isinstance(citizen, str) and _TOKEN.fullmatch(citizen)):
        raise InputError("citizen: expected a keyed hash of 32 to 64 hexadecimal digits, never the number itself")
    for name, ecs in NAMES.items():
        value = body.get(name)
        if value is None or value == "":
            continue
        try:
            # Rules compare Vietnamese text; the same letters must be the same characters (NFC).
            fields[ecs] = checked(ecs, unicodedata.normalize("NFC", value) if isinstance(value, str) else value)
        except InputError as error:
            raise InputError(f"{name}: {error}") from error


def _add_times(fields: Fields, body: dict[str, object]) -> None:
    """Add when it happened, and what of it can be told only with a calendar of the office."""
    if "time" not in body:
        raise InputError("time is missing")
    fields["@timestamp"] = at = checked("@timestamp", body["time"])
    local = _local(str(at))
    is_open = OPENING_HOUR <= local.hour < CLOSING_HOUR and local.weekday() != SUNDAY
    fields["sentinel.egov.is_office_hours"] = is_open
    if (effective := fields.get("sentinel.egov.effective_at")) is not None:
        fields["sentinel.egov.is_backdated"] = _local(str(effective)).date() < local.date()


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(OFFICE_ZONE)
