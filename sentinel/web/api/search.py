"""Search as JSON: events as nested ECS documents, page by page, or all of them as an export."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from sentinel.errors import InputError
from sentinel.model.export import FORMATS
from sentinel.model.record import nest
from sentinel.model.search import Search
from sentinel.store import Stop
from sentinel.store.query import parse
from sentinel.web.answers import Json
from sentinel.web.exports import Export
from sentinel.web.pages.search import MAX_QUERY_CHARACTERS, asked
from sentinel.web.ranges import instant
from sentinel.web.visitor import Behind, Reader
from sentinel.web.waiting import answered, streamed

router = APIRouter(prefix="/api/v1/search")

CHUNK_BYTES = 64_000
"""Lines of an export go out together up to this size."""
Text = Annotated[str, Query(max_length=MAX_QUERY_CHARACTERS)]
Start = Annotated[str | None, Query(alias="from", max_length=40)]
End = Annotated[str | None, Query(alias="to", max_length=40)]
Names = Annotated[list[Annotated[str, Query(max_length=256)]], Query(max_length=100)]


@router.get("")
async def search(
    request: Request,
    behind: Behind,
    who: Reader,
    q: Text = "*",
    start: Start = None,
    end: End = None,
    limit: Annotated[int, Query(ge=0, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    oldest_first: bool = False,
    buckets: Annotated[int, Query(ge=0, le=500)] = 0,
    sort: Annotated[str, Query(max_length=256)] = "@timestamp",
    after: Annotated[str, Query(max_length=50_000)] = "",
    top: Names = [],  # noqa: B006 - FastAPI copies it
    top_values: Annotated[int, Query(ge=1, le=1000)] = 10,
) -> Response:
    """Find events; `from` is inclusive and `to` exclusive, both RFC 3339 with a time zone.

    `next` of the answer is `after` of the next page. The search ends when the asker goes away.
    """
    question = Search(
        scope=who.scope,
        query=q.strip() or "*",
        start=instant(start),
        end=instant(end),
        limit=limit,
        offset=offset,
        newest_first=not oldest_first,
        histogram_buckets=buckets,
        sort=sort,
        after=after,
        top=tuple(top),
        top_values=top_values,
    )
    found = await answered(request, partial(asked, behind, who, question))
    return Json(
        {
            "total": found.total,
            "events": [{"id": record.id, **nest(record.fields)} for record in found.records],
            "histogram": found.buckets,
            "top": {
                field: [{"value": value, "count": count} for value, count in values]
                for field, values in found.top.items()
            },
            "next": found.next,
            "unreadable": found.unreadable,
        }
    )


@router.get("/export")
def export(
    behind: Behind,
    who: Reader,
    format_name: Annotated[str, Query(alias="format", max_length=10)] = "jsonl",
    q: Text = "*",
    start: Start = None,
    end: End = None,
    fields: Names = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Send all events that fit, oldest first, as JSON lines or as a table; the audit log says who took them.

    The reading ends when the asker goes away. 503 where too many exports run already.
    """
    if format_name not in FORMATS:
        raise InputError(f"format: '{format_name}' is none; choose {' or '.join(FORMATS)}")
    question = Search(scope=who.scope, query=q.strip() or "*", start=instant(start), end=instant(end))
    parse(question.query)  # What is wrong is said now: once the answer has begun, it cannot.
    media_type, write = FORMATS[format_name]
    headers = {"Content-Disposition": f'attachment; filename="events.{format_name}"'}

    def make(stop: Stop) -> Iterator[bytes]:
        return _chunks(write(behind.store.scan(question, stop), fields))

    with ExitStack() as undo:
        behind.exports.begin()
        undo.callback(behind.exports.end)
        behind.audit.record(
            actor=who.name,
            agency=who.agency,
            action="events.exported",
            object=question.query,
            detail={"start": question.start, "end": question.end, "format": format_name},
        )
        answer = Export(behind.exports, streamed(make), media_type, headers)
        undo.pop_all()
    return answer


def _chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    waiting, size = [], 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)
