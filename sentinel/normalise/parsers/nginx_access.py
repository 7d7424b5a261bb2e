"""nginx.access: the combined log format of nginx and Apache, and the common one before it."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import times
from sentinel.normalise.values import address, whole

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
# host ident user [time] "request" status bytes "referrer" "user agent", and whatever an installation adds
_LINE = re.compile(
    rf"(\S{{1,255}}) \S{{1,255}} (.{{1,255}}?) \[([^\]]{{20,32}})\] {_QUOTED} (\d{{3}}|-) (\d{{1,19}}|-)"
    rf"(?: {_QUOTED} {_QUOTED}.*)?\s*",
    re.DOTALL,
)
_REQUEST = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,40}) (\S.*?)(?: HTTP/(\d(?:\.\d)?))?", re.DOTALL)
_ABSOLUTE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]{0,20})://(?P<host>[^/?#]{1,255})(?P<rest>.*)", re.DOTALL)
_EXTENSION = re.compile(r"[A-Za-z0-9_]{1,20}")


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it is not in that format."""
    found = _LINE.fullmatch(event.raw)
    if found is None:
        raise InputError(
            "not in the combined log format: expected 'address - user [time] \"request\" status bytes ...'"
        )
    client, user, time, request, status, size, referrer, agent = found.groups()
    fields: Fields = {"@timestamp": times.clf(time), "event.category": ["web"], "event.type": ["access"]}
    ip = address(client)
    if ip is not None:
        fields["source.ip"] = ip
    elif client != "-":
        fields["source.domain"] = client
    if user != "-":
        fields["user.name"] = user
    if status != "-":
        code = int(status)
        fields["http.response.status_code"] = code
        fields["event.outcome"] = "success" if code < 400 else "failure"
    if (body := whole(size)) is not None:
        fields["http.response.body.bytes"] = body
    if referrer and referrer != "-":
        fields["http.request.referrer"] = referrer
    if agent and agent != "-":
        fields["user_agent.original"] = agent
    _add_request(fields, request)
    return fields


def _add_request(fields: Fields, request: str) -> None:
    """Add method, target and version; of what is no request line, only the text itself."""
    if request in ("", "-"):
        return
    found = _REQUEST.fullmatch(request)
    if found is None:
        fields["url.original"] = request
        return
    method, target, version = found.groups()
    fields["http.request.method"] = method
    if version:
        fields["http.version"] = version
    fields["url.original"] = target
    _add_target(fields, target)


def _add_target(fields: Fields, target: str) -> None:
    """Add the parts of a request target (RFC 9112 3.2), nothing decoded."""
    if not target.startswith("/") and (whole_url := _ABSOLUTE.fullmatch(target)):
        fields["url.scheme"] = whole_url["scheme"].lower()
        fields["url.domain"] = whole_url["host"]
        target = whole_url["rest"] or "/"
    path, mark, query = target.partition("?")
    fields["url.path"] = path
    if mark:
        fields["url.query"] = query
    _, dot, extension = path.rpartition("/")[2].rpartition(".")
    if dot and _EXTENSION.fullmatch(extension):
        fields["url.extension"] = extension.lower()
