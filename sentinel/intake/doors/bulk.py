"""bulk: Elasticsearch's `_bulk`, as Beats, Fluent Bit, Vector, Logstash and the official clients speak it.

Bulk API of Elasticsearch 8: newline-delimited JSON, an action and for most a document; one result an item.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from sentinel.errors import InputError, RefusedError, SentinelError
from sentinel.intake.document import Beside, line_of
from sentinel.intake.door import MAX_ITEMS, Asked, Door, Reading, Reply, TooManyError, json_reply
from sentinel.intake.lines import MAX_GIVEN_ID_BYTES, Line
from sentinel.model.sender import Sender

MAX_ACTION_BYTES = 10_000
MAX_INDEX_CHARACTERS = 255
_KEPT = ("create", "index")
_OTHERS = ("update", "delete")
_TYPES = {
    400: "illegal_argument_exception",
    401: "security_exception",
    403: "security_exception",
    413: "content_too_long_exception",
    429: "es_rejected_execution_exception",
    503: "unavailable_shards_exception",
}
"""What Elasticsearch calls these; clients decide by the status."""


@dataclass(frozen=True, slots=True)
class _Action:
    """The line before a document."""

    kind: str
    index: str
    id: str


def read(asked: Asked, body: bytes, sender: Sender) -> Reading:
    """Return the documents of a request; raise `InputError` where it is not in the format of the bulk API."""
    # Counted before it is split: an action and a document are two lines.
    if body.count(b"\n") > 2 * MAX_ITEMS:
        raise TooManyError(f"more than {MAX_ITEMS} items in one request; send fewer at a time")
    rows = [row for row in body.split(b"\n") if row.strip()]
    if not rows:
        raise InputError("request body is required")
    lines: list[Line] = []
    items: list[dict[str, object]] = []
    faults: Counter[str] = Counter()
    last = ""
    for action, source in _items(rows, _index_of_path(asked.path)):
        try:
            lines.append(_line(action, source, sender))
            items.append({action.kind: _created(action)})
        except (InputError, RefusedError) as error:
            last = str(error)
            faults["bad_item" if error.http_status == 400 else "refused_item"] += 1
            items.append({action.kind: _failed(action, error)})
    reply = json_reply({"errors": bool(faults), "took": 0, "items": items})
    return Reading(lines=lines, faults={reason: (number, last) for reason, number in faults.items()}, reply=reply)


def refuse(asked: Asked, error: SentinelError) -> Reply:
    """Return the error as Elasticsearch writes one."""
    del asked
    status = error.http_status
    cause = {"type": _TYPES.get(status, "exception"), "reason": _plain(str(error))}
    return json_reply({"error": {"root_cause": [cause], **cause}, "status": status}, status)


def _items(rows: list[bytes], default: str) -> Iterator[tuple[_Action, bytes | None]]:
    """Yield each action with its document, None where it has none."""
    place = 0
    while place < len(rows):
        action = _action(rows[place], place + 1, default)
        place += 1
        has_source = action.kind != "delete" and place < len(rows)
        yield action, rows[place] if has_source else None
        place += has_source


def _line(action: _Action, source: bytes | None, sender: Sender) -> Line:
    if action.kind not in _KEPT:
        raise RefusedError(f"this door only takes new documents; {action.kind} is not possible")
    if source is None:
        raise InputError("the last action has no document; was the request cut?")
    named = _dataset_of_index(action.index)
    return line_of(source, Beside(dataset=sender.dataset, named=named, given_id=action.id))


def _action(row: bytes, number: int, default: str) -> _Action:
    """Return the action in a line; raise `InputError` where it is none: what follows cannot be told apart then."""
    try:
        found = orjson.loads(row) if len(row) <= MAX_ACTION_BYTES else None
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or len(found) != 1:
        raise InputError(f"Malformed action/metadata line [{number}], expected a JSON object with one action")
    ((kind, said),) = found.items()
    if kind not in _KEPT + _OTHERS or not isinstance(said, dict):
        raise InputError(f"Malformed action/metadata line [{number}], expected create or index, found [{kind[:40]}]")
    # Logstash says null where it has none.
    index, given = said.get("_index") or default, said.get("_id")
    if given is None:
        given = ""
    elif isinstance(given, int):
        given = str(given)
    if not isinstance(index, str) or not isinstance(given, str) or len(index) > MAX_INDEX_CHARACTERS:
        raise InputError(f"Malformed action/metadata line [{number}], _index and _id must be short strings")
    if len(given.encode("utf-8", "replace")) > MAX_GIVEN_ID_BYTES:
        raise InputError(f"Malformed action/metadata line [{number}], _id is longer than {MAX_GIVEN_ID_BYTES} bytes")
    return _Action(kind, index, given)


def _index_of_path(path: str) -> str:
    return path.strip("/").removesuffix("_bulk").strip("/").partition("/")[0]


def _dataset_of_index(index: str) -> str:
    """Return the dataset in the name of a data stream, `logs-DATASET-NAMESPACE`; of other indices none is told."""
    parts = index.split("-")
    return parts[1] if len(parts) == 3 and parts[0] == "logs" and parts[1] != "generic" else ""


def _created(action: _Action) -> dict[str, object]:
    return {
        "_index": action.index,
        "_id": action.id,
        "_version": 1,
        "result": "created",
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1,
        "status": 201,
    }


def _failed(action: _Action, error: SentinelError) -> dict[str, object]:
    kind = "document_parsing_exception" if error.http_status == 400 else _TYPES.get(error.http_status, "exception")
    return {
        "_index": action.index,
        "_id": action.id,
        "status": error.http_status,
        "error": {"type": kind, "reason": _plain(str(error))},
    }


def _plain(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


DOOR = Door(read=read, refuse=refuse)
