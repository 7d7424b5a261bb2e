"""Signed commands wait here for their collector, which asks with a long poll and reports what became of them."""

import time
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sentinel.model import moment
from sentinel.web.answers import Json
from sentinel.web.identity import Sender
from sentinel.web.visitor import Behind

router = APIRouter(prefix="/api/v1")

MAX_WAIT_SECONDS = 55
LOOK_AGAIN_SECONDS = 5.0
"""The bell rings in this process only; commands that another one made are found by looking."""

State = Annotated[
    str, StringConstraints(pattern=r"^(acknowledged|executed|verified|failed|refused|undone|undo_failed)$")
]


class Report(BaseModel):
    """What a collector says of one command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: State
    at: Annotated[str, StringConstraints(max_length=40)]
    detail: Annotated[str, StringConstraints(max_length=10_000)] = ""
    result: dict[str, object] = Field(default_factory=dict, max_length=1000)


@router.get("/commands")
async def commands(
    request: Request, behind: Behind, sender: Sender, wait: Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS)] = 0
) -> Response:
    """Answer the commands that wait, as soon as there are any, or none after `wait` seconds; no thread is held."""
    end = time.monotonic() + wait
    async with behind.bell.listen() as listening:
        while True:
            pending = await run_in_threadpool(behind.commands.pending, sender.id, moment.now())
            left = end - time.monotonic()
            if pending or left <= 0 or behind.bell.is_closed or await request.is_disconnected():
                return Json({"commands": pending})
            await listening.wait(min(left, LOOK_AGAIN_SECONDS))


@router.post("/commands/{command_id}/reports")
def report(behind: Behind, sender: Sender, command_id: Annotated[str, Path(max_length=64)], told: Report) -> Response:
    """Keep what became of a command; the same report again changes nothing."""
    behind.commands.answer(sender.id, command_id, told.model_dump(), moment.now())
    behind.wake_runs.set()
    return Json({})
