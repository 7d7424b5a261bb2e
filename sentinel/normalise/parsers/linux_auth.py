"""linux.auth: `/var/log/auth.log` or `/var/log/secure`, as rsyslog or journald write it."""

import re
from collections.abc import Callable

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import times
from sentinel.normalise.messages import accounts, pam, sshd, sudo
from sentinel.normalise.values import whole

# RFC 3164 4.1 with the time of RFC 3339 allowed as well; the priority is there only on the wire.
_HEADER = re.compile(
    r"(?:<(?P<priority>\d{1,3})>(?:1 )?)?"
    r"(?:(?P<bsd>[A-Z][a-z]{2} (?: \d|\d\d?) \d\d:\d\d:\d\d)|(?P<iso>\d{4}-\d\d-\d\dT\S{1,40}))"
    r" (?P<host>\S{1,255}) (?P<program>[^\s\[:]{1,100})(?:\[(?P<pid>\d{1,10})\])?: ?"
    r"(?:\[ID \d{1,10} \w{1,20}\.\w{1,20}\] )?(?P<message>.*)",
    re.DOTALL,
)
_REPEATED = re.compile(r"message repeated (?P<count>\d{1,9}) times: \[ ?(?P<message>.*)\]\s*", re.DOTALL)

_READERS: dict[str, Callable[[str], Fields | None]] = {
    "sshd": sshd.read,
    "sshd-session": sshd.read,
    "sshd-auth": sshd.read,
    "sudo": sudo.read,
    **accounts.BY_PROGRAM,
}


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it has no syslog header."""
    found = _HEADER.fullmatch(event.raw.rstrip("\r\n"))
    if found is None:
        raise InputError("no syslog header: expected 'Nov 23 15:04:05 host program[pid]: message', or an RFC 3339 time")
    fields: Fields = {"@timestamp": _time(found, event), "log.syslog.hostname": found["host"]}
    if (priority := whole(found["priority"] or "", 191)) is not None:
        fields["log.syslog.priority"] = priority
    program = found["program"].rpartition("/")[2]
    fields["process.name"] = program
    if found["pid"]:
        fields["process.pid"] = int(found["pid"])
    message = found["message"]
    if message.startswith("message repeated") and (repeated := _REPEATED.fullmatch(message)):
        message = repeated["message"]
        fields["sentinel.repeat_count"] = int(repeated["count"])
    fields["message"] = message
    if message.startswith(("pam_", "PAM ")):
        told = pam.read(message)
    else:
        told = _READERS[program.lower()](message) if program.lower() in _READERS else None
    if told is not None:
        fields.update(told)
    return fields


def _time(found: re.Match[str], event: Event) -> str:
    hint = event.hints.get("event.timezone")
    zone = times.zone_of(hint if isinstance(hint, str) else "UTC")
    if found["bsd"]:
        return times.syslog(found["bsd"], event.seen_at, zone)
    return times.iso(found["iso"], zone)
