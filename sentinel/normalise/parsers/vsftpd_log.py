"""vsftpd.log: vsftpd's own log: `time [pid 27245] [user] FAIL LOGIN: Client "192.0.2.1"`."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps
from sentinel.normalise.values import address, whole

_REST = re.compile(
    r"\[pid (?P<pid>\d{1,10})\] (?:\[(?P<user>[^\]]{0,255})\] )?(?P<what>(?:(?P<how>OK|FAIL) )?(?P<verb>[A-Z]{3,20}))"
    r"(?:: Client \"(?P<client>[^\"]{1,64})\"(?P<more>.*))?.*",
    re.DOTALL,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it is not of vsftpd."""
    moment, rest = stamps.leading(event)
    found = _REST.fullmatch(rest)
    if moment is None or found is None:
        raise InputError("not a vsftpd log: expected 'Mon Jun 8 12:08:44 2020 [pid 27245] CONNECT: Client \"::1\"'")
    fields: Fields = {"@timestamp": moment, "message": rest, "process.name": "vsftpd"}
    fields |= {"event.category": ["session"], "event.type": ["info"], "event.action": found["verb"].lower()}
    if found["verb"] == "LOGIN":
        fields |= {"event.category": ["authentication"], "event.type": ["start"]}
    if found["how"]:
        fields["event.outcome"] = "success" if found["how"] == "OK" else "failure"
    if (pid := whole(found["pid"], 2**32)) is not None:
        fields["process.pid"] = pid
    if found["user"]:
        fields["user.name"] = found["user"]
    if (ip := address(found["client"] or "")) is not None:
        fields["source.ip"] = ip
    return fields
