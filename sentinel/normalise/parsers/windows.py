"""windows.*: one event of a Windows event log, as JSON in any of four layouts or as XML."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.decode import json_object
from sentinel.normalise.windows.fields import fields_of
from sentinel.normalise.windows.xml import START, event_of


def parse(event: Event) -> Fields | None:
    """Return the fields of one event; raise `InputError` where it is none or has no event id."""
    if found := START.match(event.raw):
        return fields_of(event_of(event.raw[found.end() :]))
    return fields_of(json_object(event.raw))
