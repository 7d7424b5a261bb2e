"""A JSON document that somebody ships: which dataset it is, on which machine it was made, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sentinel.errors import InputError
from sentinel.event import Hint
from sentinel.intake.dataset_names import dataset_named
from sentinel.intake.door import MAX_RAW_BYTES
from sentinel.intake.lines import Line
from sentinel.model.hints import WRAPPING
from sentinel.model.moment import from_text
from sentinel.normalise import times
from sentinel.normalise.decode import json_object, plain
from sentinel.normalise.flat import below

MAX_HOST_CHARACTERS = 255
MAX_ZONE_CHARACTERS = 64
WINDOWS = "windows.evtx"
_NAMES = (("event", "dataset"), ("event.dataset",), ("data_stream", "dataset"), ("fields", "dataset"))
_HOSTS = (("host", "name"), ("host.name",), ("host", "hostname"), ("host",), ("hostname",), ("computer_name",))
_ZONES = (("event", "timezone"), ("event.timezone",))
_LINES = (("message",), ("event", "original"), ("event.original",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the protocol says of a document, beside it."""

    dataset: str
    """Of the sender, where nothing says more."""
    named: str = ""
    """What the sender calls this log: its index, its source type."""
    host: str = ""
    time: datetime | None = None
    given_id: str = ""
    hints: Mapping[str, Hint] | None = None


def line_of(raw: bytes, beside: Beside) -> Line:
    """Return the line that a document is; its bytes are kept as they are.

    Raises `InputError` for what is no JSON object in UTF-8, or too long, `RefusedError` for a dataset of Sentinel's.
    """
    if len(raw) > MAX_RAW_BYTES:
        raise InputError(f"a document of {len(raw)} bytes, more than the {MAX_RAW_BYTES} allowed")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"a document that is not UTF-8, at byte {error.start}") from error
    body = json_object(text)
    dataset = _dataset(body, beside)
    hints = dict(beside.hints or {})
    if zone := _first(body, _ZONES)[:MAX_ZONE_CHARACTERS]:
        hints["event.timezone"] = zone
    if not _is_read_whole(dataset, body):
        hints[WRAPPING] = "ecs"
    return Line(
        raw=text,
        dataset=dataset,
        host=(beside.host or _first(body, _HOSTS))[:MAX_HOST_CHARACTERS],
        time=beside.time or _time(body),
        hints=hints,
        given_id=beside.given_id,
    )


def _dataset(body: dict[str, object], beside: Beside) -> str:
    told = _first(body, _NAMES)
    if isinstance(below(body, "winlog", "event_id"), (int, str)) and not told.startswith("sentinel."):
        return WINDOWS
    return dataset_named(told or beside.named, beside.dataset)


def _first(body: dict[str, object], places: tuple[tuple[str, ...], ...]) -> str:
    found = (value for names in places if isinstance(value := below(body, *names), str) and value)
    return next(found, "")


def _is_read_whole(dataset: str, body: dict[str, object]) -> bool:
    """Return whether a document is itself what the parser of its dataset reads, and a fault in it is one of the line.

    A Windows event has a message beside its data; a log of the e-government is an object of a fixed form.
    """
    has_line = any(isinstance(below(body, *names), str) for names in _LINES)
    return dataset.startswith("windows.") or (dataset.startswith("egov.") and not has_line)


def _time(body: dict[str, object]) -> datetime | None:
    """Return the document's own time; None where it has none that is one."""
    told = plain(body.get("@timestamp"))
    try:
        return from_text(times.iso(told)) if told else None
    except InputError:
        return None
