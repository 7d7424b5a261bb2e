"""windows.*: one event of a Windows event log as JSON, in any of four layouts."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import times
from sentinel.normalise.decode import json_object, plain, whole
from sentinel.normalise.windows.kinds import dataset_of, kind_of
from sentinel.normalise.windows.promote import promote
from sentinel.normalise.windows.shapes import WindowsEvent, read

_NUMBERS = frozenset({"event_id", "record_id", "version", "process.pid", "process.thread.id"})
_HEADER_NAMES: dict[str, str] = {}
_DATA_NAMES: dict[str, str] = {}
_KNOWN_NAMES = 10_000
"""Event data names remembered; attackers choose names in events of their own providers, so there is an end."""


def parse(event: Event) -> Fields | None:
    """Return the fields of one event; raise `InputError` where it is none or has no event id."""
    found = read(json_object(event.raw))
    fields: Fields = {}
    _add_header(fields, found.header)
    event_id = fields.get("winlog.event_id")
    if not isinstance(event_id, int):
        raise InputError("not a Windows event: it has no event id")
    dataset = dataset_of(str(fields.get("winlog.channel", "")))
    fields["event.dataset"] = dataset
    fields["event.code"] = str(event_id)
    if (provider := fields.get("winlog.provider_name")) is not None:
        fields["event.provider"] = provider
    if computer := fields.get("winlog.computer_name"):
        fields["host.name"] = computer
    if (moment := _time(found)) is not None:
        fields["@timestamp"] = moment
    if isinstance(found.message, str) and found.message:
        fields["message"] = found.message
    for name, value in found.data.items():
        fields[_data_name(name)] = value
    fields.update(kind_of(dataset, event_id))
    promote(fields, dataset, event_id, found.data)
    return fields


def _add_header(fields: Fields, header: dict[str, object]) -> None:
    for name, value in header.items():
        if value is None:
            continue
        full = _HEADER_NAMES.setdefault(name, "winlog." + name)
        if name in _NUMBERS:
            number = whole(value)
            if number is not None:
                fields[full] = number
        elif name == "keywords":
            fields[full] = [text for item in (value if isinstance(value, list) else [value]) if (text := plain(item))]
        elif (text := plain(value)) is not None:
            fields[full] = text


def _data_name(name: str) -> str:
    full = _DATA_NAMES.get(name)
    if full is None:
        full = "winlog.event_data." + name
        if len(_DATA_NAMES) < _KNOWN_NAMES:
            _DATA_NAMES[name] = full
    return full


def _time(found: WindowsEvent) -> str | None:
    """Return the first time that is one; None leaves the time the collector saw it."""
    for value in found.times:
        if isinstance(value, str):
            try:
                return times.iso(value)
            except InputError:
                continue
    return None
