"""nginx.access: the combined log format of nginx and Apache, and the common one before it."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import syslog, times
from sentinel.normalise.values import address, whole
from sentinel.normalise.web import add_client, add_request, add_status, add_texts

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
# host ident user [time] "request" status bytes "referrer" "user agent", and whatever an installation adds
_LINE = re.compile(
    rf"(\S{{1,255}}) (\S{{1,255}}) (.{{1,255}}?) \[([^\]]{{20,32}})\] {_QUOTED} (\d{{3}}|-) (\d{{1,19}}|-)"
    rf"(?: {_QUOTED} {_QUOTED}.*)?\s*",
    re.DOTALL,
)
# Some servers leave quotes in a request as they came, and then its end is where status and size follow.
_LOOSE = re.compile(
    r"(\S{1,255}) (\S{1,255}) (.{1,255}?) \[([^\]]{20,32})\] \"(.*?)\" (\d{3}|-) (\d{1,19}|-)"
    rf"(?: {_QUOTED} {_QUOTED}.*)?\s*",
    re.DOTALL,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it is not in that format."""
    line = syslog.without_header(event.raw)
    found = _LINE.fullmatch(line) or _LOOSE.fullmatch(line)
    if found is None:
        raise InputError(
            "not in the combined log format: expected 'address - user [time] \"request\" status bytes ...'"
        )
    client, ident, user, time, request, status, size, referrer, agent = found.groups()
    fields: Fields = {"@timestamp": times.clf(time), "event.category": ["web"], "event.type": ["access"]}
    if ident != "-" and address(ident) is not None and address(client) is None:
        # The virtual host stands before everything else (Apache's vhost_combined).
        add_texts(fields, {"url.domain": client.partition(":")[0]})
        client, user = ident, user.removeprefix("- ")
    add_client(fields, client)
    add_status(fields, status)
    if (body := whole(size)) is not None:
        fields["http.response.body.bytes"] = body
    add_texts(fields, {"user.name": user, "http.request.referrer": referrer or "", "user_agent.original": agent or ""})
    add_request(fields, request)
    return fields
