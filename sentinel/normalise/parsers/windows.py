"""windows.*: one event of a Windows event log as JSON, in any of four layouts."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.decode import json_object
from sentinel.normalise.windows.fields import fields_of


def parse(event: Event) -> Fields | None:
    """Return the fields of one event; raise `InputError` where it is none or has no event id."""
    return fields_of(json_object(event.raw))
