"""haproxy.http: HAProxy's HTTP log format (`option httplog`), behind a syslog header or alone."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps, times
from sentinel.normalise.values import address, port, whole
from sentinel.normalise.web import add_request, add_status

# client:port [date] frontend backend/server timers status bytes cookies state counts {headers} "request"
_LINE = re.compile(
    r"(?P<client>[0-9A-Fa-f.:]{2,45}):(?P<port>\d{1,5}) \[(?P<day>\d\d)/(?P<month>\w{3})/(?P<year>\d{4})"
    r":(?P<clock>[\d:.]{8,15})\]"
    r" (?P<frontend>\S{1,128}) (?P<backend>\S{1,256}) [-\d/+]{1,60} (?P<status>-?\d{1,3}) \+?(?P<size>\d{1,19})"
    r" .{1,8000}? \"(?P<request>(?:[^\"\\]|\\.)*)\"",
    re.DOTALL,
)

MAX_CHARACTERS = 20_000
"""HAProxy itself cuts lines far earlier (`len` of the `log` statement)."""


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it is not in that format."""
    found = _LINE.search(event.raw[:MAX_CHARACTERS])
    if found is None:
        raise InputError("not an HTTP log of HAProxy: expected 'address:port [time] frontend backend/server ...'")
    moment = f"{found['year']}-{times.month_number(found['month'])}-{found['day']}T{found['clock']}"
    fields: Fields = {
        "@timestamp": times.iso(moment, stamps.zone_of(event)),
        "event.category": ["web"],
        "event.type": ["access"],
        "service.name": found["backend"],
    }
    if (ip := address(found["client"])) is not None:
        fields["source.ip"] = ip
    if (number := port(found["port"])) is not None:
        fields["source.port"] = number
    if (size := whole(found["size"])) is not None:
        fields["http.response.body.bytes"] = size
    add_status(fields, found["status"])
    add_request(fields, found["request"])
    return fields
