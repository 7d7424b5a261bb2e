"""OpenTelemetry logs: `POST /v1/logs`."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from sentinel.web.door import serve
from sentinel.web.visitor import Behind

router = APIRouter()


@router.post("/v1/logs")
async def logs(request: Request, behind: Behind) -> Response:
    """Keep the records of a request; those that cannot be kept are told in `partial_success`."""
    return await serve(request, behind, "otlp")
