"""ecs: one JSON document as Beats, Fluent Bit, Vector or Logstash send it to Elasticsearch; often in ECS names."""

from sentinel.errors import InputError
from sentinel.model.record import Fields
from sentinel.normalise import times
from sentinel.normalise.decode import json_object
from sentinel.normalise.flat import below, text_below
from sentinel.normalise.placing import ends, placed
from sentinel.normalise.wrapped import Unwrapped

_TIMES = ("@timestamp", "timestamp", "time", "date")
_LINES = (("event", "original"), ("event.original",), ("message",), ("log",), ("MESSAGE",), ("msg",))
"""Where the line may be: ECS, Fluent Bit's default, the journal's, common loggers; nested or with a dot."""


def unwrap(raw: str) -> Unwrapped:
    """Return what is in a document; raise `InputError` where it is no JSON object or has no bounds."""
    body = json_object(raw)
    fields = placed(ends(body))
    _add_time(fields, body)
    line = next((text for names in _LINES if isinstance(text := below(body, *names), str) and text), None)
    if "host.name" not in fields and (name := text_below(body, "host", "hostname") or _text(body.get("host"))):
        fields["host.name"] = name
    return Unwrapped(fields, line)


def _add_time(fields: Fields, body: dict[str, object]) -> None:
    """Add the first time that is one; the others stay labels."""
    fields.pop("@timestamp", None)
    for name in _TIMES:
        if isinstance(value := body.get(name), str):
            try:
                fields["@timestamp"] = times.iso(value)
            except InputError:
                continue
            return


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
