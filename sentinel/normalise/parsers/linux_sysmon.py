"""linux.sysmon: Sysmon for Linux, whose events stand as XML in syslog lines, with Sysmon's numbers and names."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.decode import json_object
from sentinel.normalise.windows.fields import fields_of
from sentinel.normalise.windows.xml import event_of


def parse(event: Event) -> Fields | None:
    """Return the fields of one event; raise `InputError` where the line holds none."""
    if event.raw.lstrip().startswith("{"):
        fields = fields_of(json_object(event.raw), as_dataset="windows.sysmon")
    else:
        start = event.raw.find("<Event")
        if start < 0:
            raise InputError("not Sysmon for Linux: expected '<Event>...</Event>' behind the syslog header")
        fields = fields_of(event_of(event.raw[start:].rstrip()), as_dataset="windows.sysmon")
    fields["event.dataset"] = "linux.sysmon"
    return fields
