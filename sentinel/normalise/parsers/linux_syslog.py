"""linux.syslog: any line with a syslog header, RFC 3164 or RFC 5424; what programs we know say is read as well."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import syslog


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it has no syslog header."""
    fields = syslog.read(event, is_program_needed=False)
    if fields is None:
        raise InputError("no syslog header: expected a time, as in 'Nov 23 15:04:05 host program[pid]: message'")
    return fields
