"""squid.access: Squid's own access log format."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.stamps import epoch
from sentinel.normalise.values import address, whole
from sentinel.normalise.web import add_client, add_status, add_target, add_texts

# time elapsed client action/status bytes method URL user hierarchy/peer type
_LINE = re.compile(
    r"(?P<time>\d{9,11}\.\d{1,6}) +(?P<elapsed>-?\d{1,12}) (?P<client>\S{1,255}) (?P<action>[A-Z_]{1,60})"
    r"/(?P<status>\d{3}) (?P<size>\d{1,19}) (?P<method>\S{1,40}) (?P<url>\S{1,65000}) (?P<user>\S{1,255})"
    r" (?P<hierarchy>[A-Z_]{1,60})/(?P<peer>\S{1,255}) (?P<type>\S{1,255}).*",
    re.DOTALL,
)
_NANOSECONDS = 1_000_000


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it is not in that format."""
    found = _LINE.fullmatch(event.raw)
    if found is None:
        raise InputError("not a Squid access log: expected 'seconds elapsed client ACTION/status bytes method URL ...'")
    fields: Fields = {
        "@timestamp": epoch(found["time"]),
        "event.category": ["web", "network"],
        "event.type": ["access"],
        "event.action": found["action"],
        "http.request.method": found["method"],
        "event.duration": max(0, int(found["elapsed"])) * _NANOSECONDS,
    }
    add_client(fields, found["client"])
    add_status(fields, found["status"])
    _add_url(fields, found["method"], found["url"])
    if (size := whole(found["size"])) is not None:
        fields["http.response.body.bytes"] = size
    if (peer := address(found["peer"])) is not None:
        fields["destination.ip"] = peer
    add_texts(fields, {"user.name": found["user"], "http.response.mime_type": found["type"]})
    return fields


def _add_url(fields: Fields, method: str, url: str) -> None:
    """Add the URL; of a tunnel that is host and port."""
    add_target(fields, url)
    if method == "CONNECT":
        host, _, number = url.rpartition(":")
        fields["url.domain"] = host or url
        if (found := whole(number, 65535)) is not None:
            fields["url.port"] = found
