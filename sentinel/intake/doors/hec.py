"""hec: Splunk's HTTP Event Collector: JSON objects one after the other, or raw lines.

Splunk Enterprise, "Format events for HTTP Event Collector" and "Troubleshoot HTTP Event Collector" (its codes).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

import msgspec

from sentinel.errors import InputError, RefusedError, SentinelError
from sentinel.event import Hint
from sentinel.intake.dataset_names import dataset_named
from sentinel.intake.document import MAX_HOST_CHARACTERS, Beside, line_of
from sentinel.intake.door import MAX_ITEMS, Asked, Door, Reading, Reply, TooManyError, check_length, json_reply
from sentinel.intake.lines import Line
from sentinel.model.sender import Sender
from sentinel.normalise import times
from sentinel.normalise.decode import plain

MAX_FIELDS = 48
"""Indexed fields of one event; with what stands beside them they must fit into its hints."""
MAX_BESIDE_CHARACTERS = 100_000
"""Of all that stands beside one event."""
SUCCESS, TOKEN_REQUIRED, BAD_AUTHORIZATION, BAD_TOKEN, NO_DATA, BAD_FORMAT = 0, 2, 3, 4, 5, 6
FAILED, BUSY, NO_CHANNEL, BAD_CHANNEL, EVENT_REQUIRED, EVENT_BLANK, BAD_FIELDS = 8, 9, 10, 11, 12, 13, 15
HEALTHY = 17
TEXTS = {
    SUCCESS: "Success",
    TOKEN_REQUIRED: "Token is required",
    BAD_AUTHORIZATION: "Invalid authorization",
    BAD_TOKEN: "Invalid token",
    NO_DATA: "No data",
    BAD_FORMAT: "Invalid data format",
    FAILED: "Internal server error",
    BUSY: "Server is busy",
    NO_CHANNEL: "Data channel is missing",
    BAD_CHANNEL: "Invalid data channel",
    EVENT_REQUIRED: "Event field is required",
    EVENT_BLANK: "Event field cannot be blank",
    BAD_FIELDS: "Error in handling indexed fields",
    HEALTHY: "HEC is healthy",
}
"""Splunk's words for its codes; some clients compare them."""
_BLANKS = " \t\r\n"
_DECODER = json.JSONDecoder()


class HecError(InputError):
    """A fault with the code that Splunk gives it."""

    def __init__(self, code: int, why: str = "") -> None:
        super().__init__(f"{TEXTS[code]}{': ' + why if why else ''}")
        self.code = code


class _Envelope(msgspec.Struct):
    """One JSON object of a request; what is not named here is left aside."""

    event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    time: float | str | None = None
    host: str | None = None
    source: str | None = None
    sourcetype: str | None = None
    index: str | None = None
    fields: dict[str, msgspec.Raw] | None = None


def read(asked: Asked, body: bytes, sender: Sender) -> Reading:
    """Return the events of a request; those before a faulty one are kept, as Splunk does it."""
    if not body.strip():
        raise HecError(NO_DATA)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HecError(BAD_FORMAT, f"not UTF-8 at byte {error.start}") from error
    if "/raw" in asked.path:
        return _raw(asked, text, sender)
    lines: list[Line] = []
    place = 0
    try:
        while place < len(text):
            place, envelope = _next(text, place)
            if envelope is not None:
                lines.append(_line(envelope, sender))
            if len(lines) > MAX_ITEMS:
                raise TooManyError(f"more than {MAX_ITEMS} events in one request")
    except (InputError, RefusedError) as error:
        if isinstance(error, TooManyError):
            raise
        code = error.code if isinstance(error, HecError) else BAD_FORMAT
        answer = {"text": TEXTS[code], "code": code, "invalid-event-number": len(lines)}
        return Reading(lines=lines, faults={"bad_item": (1, str(error))}, reply=json_reply(answer, 400))
    return Reading(lines=lines, reply=said(SUCCESS))


def refuse(asked: Asked, error: SentinelError) -> Reply:
    """Return the error in Splunk's words."""
    status = error.http_status
    if isinstance(error, HecError):
        return said(error.code, 400)
    if status in (401, 403):
        if asked.has_token:
            return said(BAD_TOKEN, 403)
        return said(BAD_AUTHORIZATION if asked.has_authorization else TOKEN_REQUIRED, 401)
    if status in (429, 503):
        return said(BUSY, status)
    return json_reply({"text": str(error), "code": BAD_FORMAT if status < 500 else FAILED}, status)


def said(code: int, status: int = 200, **more: object) -> Reply:
    """Return an answer with one of Splunk's codes."""
    return json_reply({"text": TEXTS[code], "code": code, **more}, status)


def _raw(asked: Asked, text: str, sender: Sender) -> Reading:
    """Return the lines of a raw request; what the address says holds for all of them."""
    if text.count("\n") > MAX_ITEMS:
        raise TooManyError(f"more than {MAX_ITEMS} lines in one request")
    said_of_all = _Envelope(
        host=asked.query.get("host"),
        source=asked.query.get("source"),
        sourcetype=asked.query.get("sourcetype"),
        time=asked.query.get("time"),
    )
    rows = [row.removesuffix("\r") for row in text.split("\n") if row.strip()]
    return Reading(lines=[_text_line(row, said_of_all, sender) for row in rows], reply=said(SUCCESS))


def _next(text: str, place: int) -> tuple[int, _Envelope | None]:
    """Return the object at a place, and where the next may begin."""
    while place < len(text) and text[place] in _BLANKS:
        place += 1
    if place == len(text):
        return place, None
    try:
        # Finds where the object ends; its bytes are read again to keep the event as it was written.
        value, end = _DECODER.raw_decode(text, place)
        if not isinstance(value, dict):
            raise HecError(BAD_FORMAT, "expected a JSON object")
        return end, msgspec.json.decode(text[place:end].encode("utf-8", "surrogatepass"), type=_Envelope)
    except msgspec.ValidationError as error:
        code = BAD_FIELDS if "fields" in str(error) or "time" in str(error) else BAD_FORMAT
        raise HecError(code, str(error)) from error
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        raise HecError(BAD_FORMAT, str(error)) from error


def _line(envelope: _Envelope, sender: Sender) -> Line:
    if isinstance(envelope.event, msgspec.UnsetType) or (raw := bytes(envelope.event)) == b"null":
        raise HecError(EVENT_REQUIRED)
    if not raw.startswith(b"{"):
        value = json.loads(raw)
        text = value if isinstance(value, str) else raw.decode("utf-8")
        if not text:
            raise HecError(EVENT_BLANK)
        return _text_line(text, envelope, sender)
    beside = Beside(
        dataset=sender.dataset,
        named=envelope.sourcetype or "",
        host=envelope.host or "",
        time=_time(envelope.time),
        hints=_hints(envelope),
    )
    return line_of(raw, beside)


def _text_line(text: str, envelope: _Envelope, sender: Sender) -> Line:
    check_length(text)
    return Line(
        raw=text,
        dataset=dataset_named(envelope.sourcetype or "", sender.dataset),
        host=(envelope.host or "")[:MAX_HOST_CHARACTERS],
        time=_time(envelope.time),
        hints=_hints(envelope),
    )


def _time(value: float | str | None) -> datetime | None:
    """Return seconds since 1970 as a time; raise `HecError` for what is none."""
    if value is None or value == "":
        return None
    try:
        # Neither infinity nor what is no number at all is a time; both raise here.
        moment = datetime.fromtimestamp(float(value), UTC)
        times.to_text(moment)
    except (ValueError, OverflowError, OSError, InputError) as error:
        raise HecError(BAD_FIELDS, f"no time: {str(value)[:40]!r}") from error
    return moment


def _hints(envelope: _Envelope) -> Mapping[str, Hint]:
    """Return what stands beside the event, by the names that a record has for it."""
    found: dict[str, Hint] = {}
    for name in ("index", "source", "sourcetype"):
        if value := getattr(envelope, name):
            found[f"labels.{name}"] = value
    if envelope.source and PurePosixPath(envelope.source.replace("\\", "/")).name != envelope.source:
        found["log.file.path"] = envelope.source
    fields = envelope.fields or {}
    if len(fields) > MAX_FIELDS:
        raise HecError(BAD_FIELDS, f"more than {MAX_FIELDS} indexed fields")
    for name, raw in fields.items():
        value = json.loads(bytes(raw))
        items = value if isinstance(value, list) else [value]
        texts = [text for item in items if (text := plain(item)) is not None]
        if not name or not name.isprintable() or len(texts) < len(items):
            raise HecError(BAD_FIELDS, f"{name[:40]!r} must be a text, a number or a list of these")
        found[f"labels.{name}"] = ", ".join(texts)
    if sum(len(str(value)) for value in found.values()) > MAX_BESIDE_CHARACTERS:
        raise HecError(BAD_FIELDS, f"more than {MAX_BESIDE_CHARACTERS} characters beside the event")
    return found


DOOR = Door(read=read, refuse=refuse)
