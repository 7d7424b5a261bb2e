"""nginx.error: the error log of nginx, with what ModSecurity writes into it."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps, syslog
from sentinel.normalise.modsecurity import add_findings
from sentinel.normalise.values import whole
from sentinel.normalise.web import add_client, add_request, add_texts

# 2021/12/02 11:53:15 [error] 4065777#4065777: *42952950 message, client: ::1, server: x, request: "GET / HTTP/1.1"
_REST = re.compile(r"\[(?P<level>\w{1,10})\] (?P<pid>\d{1,10})#\d{1,20}: (?:\*\d{1,20} )?(?P<message>.*)", re.DOTALL)
_CLIENT = re.compile(r", client: (?P<client>[^,\s]{1,255})")
_REQUEST = re.compile(r', request: "(?P<request>[^"]{1,8000})')
_HOST = re.compile(r', host: "(?P<host>[^"]{1,255})')


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it is in no such format."""
    moment, rest = stamps.leading(event, syslog.without_header(event.raw))
    found = _REST.fullmatch(rest)
    if moment is None or found is None:
        raise InputError(
            "not an nginx error log: expected '2021/12/02 11:53:15 [error] 12#12: *1 message, client: ...'"
        )
    message = found["message"]
    fields: Fields = {
        "@timestamp": moment,
        "event.category": ["web"],
        "event.type": ["error"],
        "event.provider": "nginx",
        "log.level": found["level"],
        "message": message,
    }
    if (pid := whole(found["pid"], 2**32)) is not None:
        fields["process.pid"] = pid
    if client := _CLIENT.search(message):
        add_client(fields, client["client"])
    if request := _REQUEST.search(message):
        add_request(fields, request["request"])
    if host := _HOST.search(message):
        add_texts(fields, {"url.domain": host["host"]})
    add_findings(fields, message)
    return fields
