"""The header of a syslog line: RFC 3164 as daemons really write it, or RFC 5424; what follows it is the message."""

import re
from collections.abc import Callable

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import times
from sentinel.normalise.messages import accounts, clamav, iptables, named, pam, sshd, sudo
from sentinel.normalise.values import whole

HIGHEST_PRIORITY = 191
# RFC 3164 4.1 with the time of RFC 3339 allowed as well; the priority is there only on the wire.
_OLD = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)?"
    r"(?:(?P<bsd>[A-Z][a-z]{2} (?: \d|\d\d?) \d\d:\d\d:\d\d)(?:\.\d{1,9})?|(?P<iso>\d{4}-\d\d-\d\dT\S{1,40}))"
    r" (?P<host>\S{1,255}) (?P<program>[^\s\[:]{1,100})(?:\[(?P<pid>\d{1,10})\])?: ?"
    r"(?:\[ID \d{1,10} \w{1,20}\.\w{1,20}\] )?(?P<message>.*)",
    re.DOTALL,
)
_NEW = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)1 (?P<iso>\d{4}-\d\d-\d\dT\S{1,40}|-) (?P<host>\S{1,255}) (?P<program>\S{1,100})"
    r" (?P<pid>\S{1,128}) \S{1,32} (?:-|(?:\[(?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*\])+)(?: \ufeff?(?P<message>.*))?",
    re.DOTALL,
)
_BARE = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)?"
    r"(?:(?P<bsd>[A-Z][a-z]{2} (?: \d|\d\d?) \d\d:\d\d:\d\d)(?:\.\d{1,9})?|(?P<iso>\d{4}-\d\d-\d\dT\S{1,40}))"
    r"(?: (?P<host>[^\s:]{1,255}))?:? (?P<message>.*)",
    re.DOTALL,
)
# RFC 3164 4.3.3: what a priority does not announce as a header is content from there on.
_ONLY_PRIORITY = re.compile(r"<(?P<priority>\d{1,3})>(?P<message>.*)", re.DOTALL)
_RELAYED = re.compile(r"<\d{1,3}>[A-Z][a-z]{2} (?: \d|\d\d?) \d\d:\d\d:\d\d (?:\S{1,255} )?[\w.-]{1,32}: ")
_REPEATED = re.compile(r"message repeated (?P<count>\d{1,9}) times: \[ ?(?P<message>.*)\]\s*", re.DOTALL)

_READERS: dict[str, Callable[[str], Fields | None]] = {
    "sshd": sshd.read,
    "sshd-session": sshd.read,
    "sshd-auth": sshd.read,
    "sudo": sudo.read,
    "kernel": iptables.read,
    "named": named.read,
    "clamd": clamav.read,
    "clamav": clamav.read,
    "dnsmasq": named.read_dnsmasq,
    **accounts.BY_PROGRAM,
}


def read(event: Event, *, is_program_needed: bool) -> Fields | None:
    """Return what a line says; None where it has no syslog header, or needs a program and names none."""
    line = event.raw.rstrip("\r\n")
    found = _OLD.fullmatch(line) or _NEW.fullmatch(line)
    if found is None and not is_program_needed:
        found = _BARE.fullmatch(line) or _ONLY_PRIORITY.fullmatch(line)
    if found is None:
        return None
    named_groups = found.groupdict()
    fields: Fields = {"@timestamp": _time(named_groups, event)}
    if host := named_groups.get("host"):
        fields["log.syslog.hostname"] = host
    if (priority := whole(named_groups["priority"] or "", HIGHEST_PRIORITY)) is not None:
        fields["log.syslog.priority"] = priority
    program = (named_groups.get("program") or "").rpartition("/")[2]
    if program and program != "-":
        fields["process.name"] = program
    if (pid := whole(named_groups.get("pid") or "", 2**32)) is not None:
        fields["process.pid"] = pid
    _add_message(fields, program, named_groups["message"] or "")
    return fields


def without_header(raw: str) -> str:
    """Return what a program that speaks syslog itself wrote, without the header; any other line as it is."""
    found = _RELAYED.match(raw) if raw.startswith("<") else None
    return raw[found.end() :] if found else raw


def _add_message(fields: Fields, program: str, message: str) -> None:
    if message.startswith("message repeated") and (repeated := _REPEATED.fullmatch(message)):
        message = repeated["message"]
        fields["sentinel.repeat_count"] = int(repeated["count"])
    fields["message"] = message
    if message.startswith(("pam_", "PAM ")):
        told = pam.read(message)
    else:
        reader = _READERS.get(program.lower())
        told = reader(message) if reader is not None else None
    if told is not None:
        fields.update(told)


def _time(found: dict[str, str | None], event: Event) -> str:
    hint = event.hints.get("event.timezone")
    zone = times.zone_of(hint if isinstance(hint, str) else "UTC")
    if bsd := found.get("bsd"):
        return times.syslog(bsd, event.seen_at, zone)
    iso = found.get("iso") or "-"
    return times.to_text(event.seen_at) if iso == "-" else times.iso(iso, zone)
