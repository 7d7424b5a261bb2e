"""Search in all events of one's agencies, with a picture of when they happened."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from sentinel.errors import InputError
from sentinel.model import moment
from sentinel.model.export import FORMATS
from sentinel.model.principal import Principal
from sentinel.model.search import Found, Search
from sentinel.store import Stop
from sentinel.store.query import quoted
from sentinel.web import ranges
from sentinel.web.histogram import bars
from sentinel.web.paging import Paging
from sentinel.web.services import Services
from sentinel.web.show import Shown, page
from sentinel.web.visitor import Anyone, Behind, Reader
from sentinel.web.waiting import answered

router = APIRouter()

BUCKETS = 60
MAX_QUERY_CHARACTERS = 2000
TOP = ("event.dataset", "host.name", "user.name", "source.ip")
"""Fields whose most frequent values stand beside the histogram."""
TOP_VALUES = 5
EXAMPLES = (
    'event.dataset:"linux.auth" AND event.outcome:failure',
    "source.ip:10.20.0.0/16",
    "process.command_line:*whoami*",
    "http.response.status_code:[500 TO 599]",
)


@router.get("/search")
async def search(
    request: Request,
    behind: Behind,
    who: Reader,
    visitor: Anyone,
    q: Annotated[str, Query(max_length=MAX_QUERY_CHARACTERS)] = "",
    within: Annotated[str, Query(alias="range", max_length=10)] = ranges.DEFAULT,
    start: Annotated[str, Query(alias="from", max_length=40)] = "",
    end: Annotated[str, Query(alias="to", max_length=40)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    after: Annotated[str, Query(max_length=50_000)] = "",
) -> Response:
    """Show what was found, or what is wrong with the question."""
    shown: Shown = request.app.state.shown
    clock = shown.clocks[visitor.language]
    fault, found, window = "", Found(total=0, records=()), ranges.Range(within, None, None)
    try:
        window = ranges.read(within, start, end, clock, moment.now())
        question = Search(
            scope=who.scope,
            query=q.strip() or "*",
            start=window.start,
            end=window.end,
            limit=Paging(1, 0).size,
            offset=0 if after else Paging(number, 0).offset,
            after=after,
            histogram_buckets=BUCKETS,
            top=TOP,
            top_values=TOP_VALUES,
        )
        found = await answered(request, partial(asked, behind, who, question))
    except InputError as error:
        fault = str(error)
    return page(
        request,
        "search.html",
        status=400 if fault else 200,
        q=q,
        window=window,
        presets=ranges.PRESETS,
        typed={"from": start, "to": end},
        found=found,
        bars=bars(found.buckets),
        narrowed=partial(_narrowed, q),
        formats=tuple(FORMATS),
        fault=fault,
        examples=EXAMPLES,
        paging=Paging(number, found.total),
        zone=behind.display_zone,
        agencies={agency.id: agency for agency in behind.agencies.all()},
    )


def asked(behind: Services, who: Principal, question: Search, stop: Stop) -> Found:
    """Return what the store finds, after noting in the audit log who looked for what."""
    found = behind.store.search(replace(question, scope=who.scope), stop)
    behind.audit.record(
        actor=who.name,
        agency=who.agency,
        action="events.searched",
        object=question.query,
        detail={"start": question.start, "end": question.end, "total": found.total},
    )
    return found


def _narrowed(query: str, field: str, value: str) -> str:
    """Return the query with one more condition: that the field has the value."""
    wanted = f"{field}:{quoted(value)}"
    return f"({query.strip()}) AND {wanted}" if query.strip() not in ("", "*") else wanted
