"""Search as JSON: events as nested ECS documents."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from sentinel.errors import InputError
from sentinel.model import moment
from sentinel.model.record import nest
from sentinel.model.search import Search
from sentinel.web.answers import Json
from sentinel.web.pages.search import MAX_QUERY_CHARACTERS, asked
from sentinel.web.visitor import Behind, Reader

router = APIRouter(prefix="/api/v1/search")


@router.get("")
def search(
    behind: Behind,
    who: Reader,
    q: Annotated[str, Query(max_length=MAX_QUERY_CHARACTERS)] = "*",
    start: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
    limit: Annotated[int, Query(ge=0, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    oldest_first: bool = False,
    buckets: Annotated[int, Query(ge=0, le=500)] = 0,
) -> Response:
    """Find events; `from` is inclusive and `to` exclusive, both RFC 3339 with a time zone."""
    question = Search(
        scope=who.scope,
        query=q.strip() or "*",
        start=_time(start),
        end=_time(end),
        limit=limit,
        offset=offset,
        newest_first=not oldest_first,
        histogram_buckets=buckets,
    )
    found = asked(behind, who, question)
    events = [{"id": record.id, **nest(record.fields)} for record in found.records]
    return Json({"total": found.total, "events": events, "histogram": found.buckets})


def _time(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return moment.to_text(moment.from_text(text))
    except (ValueError, OverflowError) as error:
        raise InputError(f"'{text}' is not a time; write for example 2026-11-23T08:00:00Z") from error
