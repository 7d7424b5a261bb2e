"""The fields of a Windows event, whatever layout it came in."""

from sentinel.errors import InputError
from sentinel.model.record import Fields
from sentinel.normalise import times
from sentinel.normalise.windows.kinds import dataset_of, kind_of
from sentinel.normalise.windows.promote import promote
from sentinel.normalise.windows.shapes import Object, WindowsEvent, read


def fields_of(body: Object, *, as_dataset: str | None = None) -> Fields:
    """Return the fields of one event; raise `InputError` where it is none or has no event id.

    `as_dataset` names what kind of event log it is where the channel does not.
    """
    found = read(body)
    fields: Fields = found.header
    event_id = fields.get("winlog.event_id")
    if not isinstance(event_id, int):
        raise InputError("not a Windows event: it has no event id")
    dataset = as_dataset or dataset_of(str(fields.get("winlog.channel", "")))
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
    fields.update(found.data)
    fields.update(kind_of(dataset, event_id))
    promote(fields, dataset, event_id, found.data)
    return fields


def _time(found: WindowsEvent) -> str | None:
    """Return the first time that is one; None leaves the time the collector saw it."""
    for value in found.times:
        if isinstance(value, str):
            try:
                return times.iso(value)
            except InputError:
                continue
    return None
