"""sentinel.{audit,collector,detection,playbook,health}: our own events, as docs/reference/sentinel-events.md says."""

import re
import unicodedata

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.decode import json_object
from sentinel.normalise.typed import checked

MAX_CHARACTERS = 2_000
"""A longer text is refused: whoever writes these lines is Sentinel itself and knows the bound."""

NAMES = {
    "time": "@timestamp",
    "action": "event.action",
    "outcome": "event.outcome",
    "reason": "event.reason",
    "user": "user.name",
    "source_ip": "source.ip",
    "agency": "sentinel.own.agency",
    "object": "sentinel.own.object",
    "object_kind": "sentinel.own.object_kind",
    "name": "sentinel.own.name",
    "from": "sentinel.own.from",
    "to": "sentinel.own.to",
    "collector": "sentinel.own.collector",
    "host": "sentinel.own.host",
    "dataset": "sentinel.own.dataset",
    "value": "sentinel.own.value",
    "limit": "sentinel.own.limit",
    "unit": "sentinel.own.unit",
}
"""Name in the schema to ECS name. Names that are in neither are left in `event.original`."""

REQUIRED = ("time", "action", "agency")
OUTCOMES = ("success", "failure", "unknown")
_ACTION = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){0,2}")
_CATEGORIES = {
    "sentinel.audit": "configuration",
    "sentinel.collector": "host",
    "sentinel.detection": "configuration",
    "sentinel.playbook": "process",
    "sentinel.health": "host",
}
_BY_FIRST_WORD = {"sign_in": "authentication", "user": "iam"}


def parse(event: Event) -> Fields | None:
    """Return the fields of one event; raise `InputError` naming what breaks the schema."""
    body = json_object(event.raw)
    if body.get("version", 1) != 1:
        raise InputError(f"version: only 1 is known, got {str(body['version'])[:20]!r}")
    for name in REQUIRED:
        if not isinstance(body.get(name), str) or not body[name]:
            raise InputError(f"{name} is missing, or no text")
    action = str(body["action"])
    if _ACTION.fullmatch(action) is None:
        raise InputError(f"action: expected words such as 'rule.disabled', got {action[:40]!r}")
    if body.get("outcome", "unknown") not in OUTCOMES:
        raise InputError(f"outcome: expected {', '.join(OUTCOMES)}, got {str(body['outcome'])[:40]!r}")
    first = action.partition(".")[0]
    category = _BY_FIRST_WORD.get(first) or _CATEGORIES.get(event.dataset, "host")
    fields: Fields = {"event.category": [category], "event.type": ["info"]}
    for name, ecs in NAMES.items():
        if (value := body.get(name)) is not None and value != "":
            fields[ecs] = _value(name, ecs, value)
    if body.get("object_kind") == "user" and (target := fields.get("sentinel.own.object")) is not None:
        fields["user.target.name"] = target
    return fields


def _value(name: str, ecs: str, value: object) -> str | int | float | bool:
    if isinstance(value, str):
        if len(value) > MAX_CHARACTERS:
            raise InputError(f"{name}: {len(value)} characters, more than the {MAX_CHARACTERS} allowed")
        value = unicodedata.normalize("NFC", value)
    try:
        found = checked(ecs, value)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    if isinstance(found, list):  # none of these fields is a list
        raise InputError(f"{name}: expected one value")
    return found
