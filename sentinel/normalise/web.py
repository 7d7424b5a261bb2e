"""Request targets and addresses of clients, alike in every kind of web log; nothing is decoded."""

import re

from sentinel.model.record import Fields
from sentinel.normalise.values import address

FIRST_FAILURE = 400
_REQUEST = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,40}) (\S.*?)(?: HTTP/(\d(?:\.\d)?))?", re.DOTALL)
_ABSOLUTE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]{0,20})://(?P<host>[^/?#]{1,255})(?P<rest>.*)", re.DOTALL)
_EXTENSION = re.compile(r"[A-Za-z0-9_]{1,20}")


def add_request(fields: Fields, request: str) -> None:
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
    add_target(fields, target)


def add_target(fields: Fields, target: str) -> None:
    """Add a request target (RFC 9112 3.2) and its parts."""
    fields["url.original"] = target
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


def add_client(fields: Fields, client: str) -> None:
    """Add who asked: an address, or a name where the server writes names."""
    ip = address(client)
    if ip is not None:
        fields["source.ip"] = ip
    elif client not in ("", "-"):
        fields["source.domain"] = client


def add_status(fields: Fields, status: str) -> None:
    """Add the answer's status code and what it means for the one who asked."""
    if status.isascii() and status.isdigit() and len(status) == 3:
        code = int(status)
        fields["http.response.status_code"] = code
        fields["event.outcome"] = "success" if code < FIRST_FAILURE else "failure"


def add_texts(fields: Fields, found: dict[str, str]) -> None:
    """Add those of `found` (field to text) that say something."""
    for name, text in found.items():
        if text not in ("", "-"):
            fields[name] = text
