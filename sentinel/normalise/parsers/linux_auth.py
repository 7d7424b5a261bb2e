"""linux.auth: `/var/log/auth.log` or `/var/log/secure`, as rsyslog or journald write it."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import syslog


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it has no syslog header."""
    fields = syslog.read(event, is_program_needed=True)
    if fields is None:
        raise InputError("no syslog header: expected 'Nov 23 15:04:05 host program[pid]: message', or an RFC 3339 time")
    return fields
