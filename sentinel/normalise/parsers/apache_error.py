"""apache.error: the error log of Apache httpd, 2.2 and 2.4, with what ModSecurity writes into it."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps
from sentinel.normalise.modsecurity import add_findings
from sentinel.normalise.values import address, port, whole

# [time] [module:level] [pid 7005:tid 1406] [client 192.0.2.1:14532] message; 2.2 has neither module nor pid.
_REST = re.compile(
    r"(?:\[(?:(?P<module>\w{0,40}):)?(?P<level>\w{1,20})\] ?)?"
    r"(?:\[pid (?P<pid>\d{1,10})(?::tid \d{1,20})?\] ?)?"
    r"(?:\[(?:client|remote) (?P<client>[^\]\s]{1,255})\] ?)*(?P<message>.*)",
    re.DOTALL,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it does not begin with a time in brackets."""
    moment, rest = stamps.leading(event)
    found = _REST.fullmatch(rest)
    if moment is None or found is None:
        raise InputError("not an Apache error log: expected '[Thu Sep 30 13:27:06 2021] [module:level] ...'")
    fields: Fields = {"@timestamp": moment, "event.category": ["web"], "event.type": ["error"]}
    fields["message"] = found["message"]
    fields["event.provider"] = found["module"] or "httpd"
    if found["level"]:
        fields["log.level"] = found["level"]
    if (pid := whole(found["pid"] or "", 2**32)) is not None:
        fields["process.pid"] = pid
    _add_client(fields, found["client"] or "")
    add_findings(fields, found["message"])
    return fields


def _add_client(fields: Fields, client: str) -> None:
    """Add the client, with the port that httpd 2.4 writes behind it."""
    if (ip := address(client)) is not None:
        fields["source.ip"] = ip
        return
    host, _, number = client.rpartition(":")
    if (ip := address(host)) is not None:
        fields["source.ip"] = ip
        if (found := port(number)) is not None:
            fields["source.port"] = found
