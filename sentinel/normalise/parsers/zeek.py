"""zeek.*: a record of any log of Zeek, as JSON, or as a line of its tabbed format with the columns beside it."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.hints import COLUMNS
from sentinel.model.record import Fields
from sentinel.normalise import stamps, times
from sentinel.normalise.decode import json_object, plain
from sentinel.normalise.flat import flatten
from sentinel.normalise.values import address, port
from sentinel.normalise.web import add_status, add_target, add_texts

MAX_COLUMNS = 512
_UNSET, _EMPTY = "-", "(empty)"
_TRUTH = {"T": "true", "F": "false"}
_ENDS = (
    ("source.ip", "source.port", "id.orig_h", "id.orig_p"),
    ("destination.ip", "destination.port", "id.resp_h", "id.resp_p"),
)
_ENVELOPE = frozenset({"_path", "_write_ts", "_system_name"})


def parse(event: Event) -> Fields | None:
    """Return the fields of one record; raise `InputError` where it is none, or its columns are not known."""
    log = event.dataset.partition(".")[2]
    body = json_object(event.raw) if event.raw.lstrip().startswith("{") else _of_columns(event)
    if isinstance(path := body.get("_path"), str) and path:
        log = path
    fields = flatten({name: value for name, value in body.items() if name not in _ENVELOPE}, "zeek")
    fields["event.provider"] = f"zeek.{log}"
    fields["event.category"], fields["event.type"] = ["network"], ["connection", "info"]
    if (moment := _time(body.get("ts"))) is not None:
        fields["@timestamp"] = moment
    _add_ends(fields)
    if log == "dns":
        _add_question(fields)
    elif log == "http":
        _add_request(fields)
    return fields


def _of_columns(event: Event) -> dict[str, object]:
    """Return name to value of a tabbed line; the hint says `name:type` of every column."""
    hint = event.hints.get(COLUMNS)
    columns = hint.split() if isinstance(hint, str) else []
    values = event.raw.rstrip("\r\n").split("\t")
    if not columns or len(columns) > MAX_COLUMNS:
        raise InputError("a tabbed line without its columns; have Zeek write JSON (LogAscii::use_json=T)")
    if len(columns) != len(values):
        raise InputError(f"{len(values)} values for {len(columns)} columns")
    body: dict[str, object] = {}
    for column, value in zip(columns, values, strict=True):
        name, _, kind = column.partition(":")
        if value == _UNSET:
            continue
        if kind.startswith(("set", "vector")):
            body[name] = [] if value == _EMPTY else value.split(",")
        else:
            body[name] = _TRUTH.get(value, value) if kind == "bool" else "" if value == _EMPTY else value
    return body


def _time(value: object) -> str | None:
    """Return the time in any of Zeek's three ways to write one; None leaves the time it was seen."""
    text = plain(value) or ""
    try:
        return times.iso(text) if "T" in text else stamps.epoch(text)
    except InputError:
        return None


def _text(fields: Fields, name: str) -> str:
    value = fields.get(f"zeek.{name}", "")
    return value if isinstance(value, str) else ""


def _add_ends(fields: Fields) -> None:
    for host, number, name, name_of_port in _ENDS:
        if (ip := address(_text(fields, name))) is not None:
            fields[host] = ip
        if (found := port(_text(fields, name_of_port))) is not None:
            fields[number] = found
    named = {"network.transport": "proto", "network.protocol": "service", "user.name": "user"}
    add_texts(fields, {field: _text(fields, name) for field, name in named.items()})


def _add_question(fields: Fields) -> None:
    named = {"dns.question.name": "query", "dns.question.type": "qtype_name", "dns.response_code": "rcode_name"}
    add_texts(fields, {field: _text(fields, name) for field, name in named.items()})
    answers = fields.get("zeek.answers")
    if answers:
        fields["dns.answers.data"] = [str(each) for each in answers] if isinstance(answers, list) else [str(answers)]


def _add_request(fields: Fields) -> None:
    fields["event.category"], fields["event.type"] = ["network", "web"], ["access"]
    if uri := _text(fields, "uri"):
        add_target(fields, uri)
    named = {
        "http.request.method": "method",
        "user_agent.original": "user_agent",
        "url.domain": "host",
        "http.request.referrer": "referrer",
        "http.version": "version",
    }
    add_texts(fields, {field: _text(fields, name) for field, name in named.items()})
    add_status(fields, _text(fields, "status_code"))
