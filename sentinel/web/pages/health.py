"""Whether the server answers and can read its state; for load balancers, without details."""

from fastapi import APIRouter
from starlette.responses import Response

from sentinel.errors import UnavailableError
from sentinel.web.answers import Json
from sentinel.web.visitor import Behind

router = APIRouter()


@router.get("/healthz")
def health(behind: Behind) -> Response:
    """Answer `{"status": "ok"}`, or 503 where the state cannot be read."""
    if behind.agencies.get("city") is None:
        raise UnavailableError("the agencies are not loaded; run `sentinel init`")
    return Json({"status": "ok"})
