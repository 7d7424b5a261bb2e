"""cisco.ios: messages of IOS routers and switches, and of ASA firewalls: `%FACILITY-SEVERITY-MNEMONIC: text`."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps, times
from sentinel.normalise.values import address, port

_MESSAGE = re.compile(
    r"%(?P<facility>[A-Z][A-Z0-9_]{1,30}(?:-[A-Za-z][A-Za-z0-9_]{1,30})?)-(?P<severity>[0-7])"
    r"-(?P<mnemonic>[A-Z0-9_]{1,40})(?::| )"
    r" ?(?P<text>.*)",
    re.DOTALL,
)
# Accounting of commands, as TACACS+ servers and `archive log config` write them.
_COMMAND = re.compile(r"\bcmd=(?P<one>[^\t\r\n]{1,2000})|logged command: ?(?P<two>.{1,2000})", re.DOTALL)
_SERVICES = {"AAA": "aaa", "AAAA": "aaa", "PARSER": "aaa", "BGP": "bgp", "LDP": "ldp", "TCP": "bgp", "IP-TCP": "bgp"}
_CLOCK = re.compile(
    r"(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?:(?P<year>\d{4}) )?(?P<clock>\d\d:\d\d:\d\d)"
    r"(?P<fraction>\.\d{1,6})?"
)
_ADDRESS = re.compile(r"(?P<ip>\d{1,3}(?:\.\d{1,3}){3})(?:[(/:](?P<port>\d{1,5})\)?)?")


def parse(event: Event) -> Fields | None:
    """Return the fields of one message; raise `InputError` where the line holds none."""
    found = _MESSAGE.search(event.raw[:4000])
    command = _COMMAND.search(event.raw)
    if found is None and command is None:
        raise InputError("not a message of Cisco IOS or ASA: expected '%FACILITY-5-MNEMONIC: ...' or 'cmd=...'")
    fields: Fields = {"message": event.raw, "service.type": "syslog"}
    if found is not None:
        fields["message"] = found["text"]
        fields["event.provider"] = found["facility"]
        fields["event.code"] = f"{found['facility']}-{found['severity']}-{found['mnemonic']}"
        fields["log.level"] = found["severity"]
        fields["service.type"] = _SERVICES.get(found["facility"], "syslog")
        _add_ends(fields, found["text"])
        if (moment := _time(event, event.raw[: found.start()])) is not None:
            fields["@timestamp"] = moment
    if command is not None:
        fields["service.type"] = "aaa"
        fields["process.command_line"] = (command["one"] or command["two"]).strip()
    return fields


def _add_ends(fields: Fields, text: str) -> None:
    """Add the first two addresses: these messages name who came before where to."""
    for side, found in zip(("source", "destination"), _ADDRESS.finditer(text), strict=False):
        if (ip := address(found["ip"])) is not None:
            fields[f"{side}.ip"] = ip
            if (number := port(found["port"] or "")) is not None:
                fields[f"{side}.port"] = number


def _time(event: Event, head: str) -> str | None:
    """Return the last time before the message: the device's own, where a collector put its own in front."""
    clocks = list(_CLOCK.finditer(head[-200:]))
    if not clocks:
        return None
    found = clocks[-1]
    zone, day = stamps.zone_of(event), f"{int(found['day']):02}"
    try:
        if found["year"]:
            number = times.month_number(found["month"])
            return times.iso(f"{found['year']}-{number}-{day}T{found['clock']}{found['fraction'] or ''}", zone)
        return times.syslog(f"{found['month']} {day} {found['clock']}", event.seen_at, zone)
    except InputError:
        return None
