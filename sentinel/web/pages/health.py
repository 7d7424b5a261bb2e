"""Whether the server lives and can work, and what it measures: for whoever watches over it from outside."""

import hmac
import logging
from typing import Annotated

from fastapi import APIRouter, Header
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from sentinel.errors import RefusedError, UnavailableError
from sentinel.web.answers import Json
from sentinel.web.visitor import Behind

router = APIRouter()
log = logging.getLogger(__name__)


class NoTokenError(RefusedError):
    """The measures name agencies and their sources: not for everybody."""

    http_status = 401


@router.get("/healthz")
def health(behind: Behind) -> Response:
    """Answer `{"status": "ok"}`, or 503 where the state cannot be read."""
    if behind.agencies.get("city") is None:
        raise UnavailableError("the agencies are not loaded; run `sentinel init`")
    return Json({"status": "ok"})


@router.get("/readyz")
def ready(behind: Behind) -> Response:
    """Answer 200 where the server can take and store events, else 503 with the parts that cannot."""
    faults = behind.readiness.faults()
    if not faults:
        return Json({"status": "ready"})
    # Reasons hold paths and addresses; they are for the log and the console.
    log.warning("The server is not ready.", extra={"faults": faults})
    return Json({"status": "not ready", "parts": sorted(faults)}, status_code=503, headers={"Retry-After": "5"})


@router.get("/metrics")
def metrics(behind: Behind, authorization: Annotated[str, Header(max_length=300)] = "") -> Response:
    """Answer with all measures in the text format of Prometheus, to who knows the token in `keys/metrics.token`."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), behind.metrics_token.encode()):
        raise NoTokenError("send `Authorization: Bearer` with the token in keys/metrics.token of the home folder")
    return Response(behind.metrics.text(), media_type=CONTENT_TYPE_LATEST)
