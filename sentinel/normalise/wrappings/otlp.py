"""otlp: one OpenTelemetry log record with its resource and scope, as the OTLP door writes it down."""

from collections.abc import Iterator

from sentinel.model.record import Fields
from sentinel.normalise.decode import json_object, plain
from sentinel.normalise.flat import text_below
from sentinel.normalise.placing import ends, placed
from sentinel.normalise.wrapped import Unwrapped

_SEMANTIC = {
    "client.address": "source.ip",
    "source.address": "source.ip",
    "destination.address": "destination.ip",
    "source.port": "source.port",
    "http.response.status_code": "http.response.status_code",
    "enduser.id": "user.name",
    "process.executable.path": "process.executable",
    "process.owner": "user.name",
}
"""Semantic conventions of OpenTelemetry that ECS calls otherwise."""


def unwrap(raw: str) -> Unwrapped:
    """Return what is in a record; raise `InputError` where it is none or has no bounds."""
    body = json_object(raw)
    fields: Fields = placed(_named(body))
    if level := text_below(body, "severityText"):
        fields["log.level"] = level
    if scope := text_below(body, "scope", "name"):
        fields["event.provider"] = scope
    line = body.get("body")
    if isinstance(line, str):
        return Unwrapped(fields, line)
    if (text := plain(line)) is not None:
        fields["message"] = text
    return Unwrapped(fields, None)


def _named(body: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Yield (name, scalar): of attributes under their own names, of all else under that of OTLP's JSON."""
    attributes = body.get("attributes")
    resource = body.get("resource")
    for tree in (resource, attributes):
        for name, value in ends(tree):
            yield _SEMANTIC.get(name, name), value
    if not isinstance(body.get("body"), str):
        yield from ends(body.get("body"), "body")
    for name, field in (("traceId", "trace.id"), ("spanId", "span.id"), ("eventName", "event.action")):
        if (value := body.get(name)) not in (None, ""):
            yield field, value
    if isinstance(number := body.get("severityNumber"), int):
        yield "event.severity", number
