"""Elasticsearch's `_bulk`, and the questions that programs ask before they send to it."""

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from sentinel.errors import SentinelError
from sentinel.intake.bulk_startup import PRODUCT, startup, unknown
from sentinel.intake.doors.bulk import refuse
from sentinel.web.door import again, asked_of, known, respond, serve
from sentinel.web.visitor import Behind

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"]


class ForPrograms(APIRoute):
    """A route only for requests with a token in their head: a browser at the same address gets the console."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the request is for this route."""
        if scope["type"] == "http" and not any(name == b"authorization" for name, _ in scope["headers"]):
            return Match.NONE, {}
        return super().matches(scope)


router = APIRouter()
root = APIRouter(route_class=ForPrograms)


@router.api_route("/_bulk", methods=["POST", "PUT"])
@router.api_route("/{index}/_bulk", methods=["POST", "PUT"])
async def bulk(request: Request, behind: Behind) -> Response:
    """Keep the documents of a request; the answer has one result for each."""
    response = await serve(request, behind, "bulk")
    response.headers.update(PRODUCT)
    return response


@root.api_route("/", methods=["GET", "HEAD"])
@router.api_route("/_{question:path}", methods=METHODS)
@router.api_route("/{index}/_{question:path}", methods=METHODS)
async def question(request: Request, behind: Behind) -> Response:
    """Answer what comes before the first document, and refuse everything else."""
    path = request.url.path
    try:
        await run_in_threadpool(known, request, behind, "bulk")
    except SentinelError as error:
        return respond(refuse(asked_of(request), error), {**PRODUCT, **again(error)})
    reply = startup(request.method, path, request.headers.get("host", "")) or unknown(request.method, path)
    return respond(reply, PRODUCT)


router.include_router(root)
