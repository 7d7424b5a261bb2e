"""app.*: what an application writes that no other parser reads: its text, or its JSON object."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps, times
from sentinel.normalise.decode import json_object, plain
from sentinel.normalise.flat import flatten

_MESSAGES = ("message", "msg", "log", "Message", "MESSAGE")
_TIMES = ("@timestamp", "timestamp", "time", "ts", "eventTime")
_LEVELS = ("level", "levelname", "severity", "log.level")


def parse(event: Event) -> Fields | None:
    """Return the line as a message; of a JSON object also what is in it, below `labels`."""
    if event.raw.lstrip().startswith("{"):
        try:
            return _of_object(json_object(event.raw))
        except InputError:
            return _of_text(event)
    return _of_text(event)


def _of_text(event: Event) -> Fields:
    moment, _ = stamps.leading(event)
    fields: Fields = {"message": event.raw}
    if moment is not None:
        fields["@timestamp"] = moment
    return fields


def _of_object(body: dict[str, object]) -> Fields:
    fields = flatten(body, "labels")
    for field, names in (("message", _MESSAGES), ("log.level", _LEVELS)):
        if (said := next((text for name in names if (text := plain(body.get(name)))), None)) is not None:
            fields[field] = said
    for name in _TIMES:
        if isinstance(moment := body.get(name), str):
            try:
                fields["@timestamp"] = times.iso(moment)
            except InputError:
                continue
            break
    return fields
