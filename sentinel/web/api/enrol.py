"""How a collector becomes known: the server's CA certificate, and the one-time token turned into an identity."""

import base64
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from sentinel.errors import RefusedError
from sentinel.web.answers import Json
from sentinel.web.identity import OWN_DOOR
from sentinel.web.visitor import Behind

router = APIRouter(prefix="/api/v1")

Hex256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Enrolling(BaseModel):
    """What a collector says of itself; it keeps its secret and sends the hash."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    secret: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """One-time secret of the enrolment token."""
    secret_hash: Hex256
    """SHA-256 of the secret it will send from now on."""
    host: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    version: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    can_respond: bool


@router.get("/ca")
def ca(behind: Behind) -> Response:
    """Return the CA certificate; the enrolment token holds its fingerprint, so it needs no protection here."""
    return Response(behind.ca_pem, media_type="application/x-pem-file")


@router.post("/enrol")
def enrol(behind: Behind, asking: Enrolling) -> Response:
    """Enrol a collector; the same request again gives the same answer, for a reply that was lost."""
    try:
        collector_id = behind.enrolment.enrol(
            secret=asking.secret,
            secret_hash=asking.secret_hash,
            host=asking.host,
            version=asking.version,
            can_respond=asking.can_respond,
        )
    except RefusedError:
        behind.doorway.refused(OWN_DOOR)
        raise
    everywhere = frozenset(agency.id for agency in behind.agencies.all())
    collector = behind.identities.get(everywhere, collector_id)
    return Json(
        {
            "collector": collector_id,
            "agency": collector.agency if collector else "",
            "command_key": base64.b64encode(behind.command_key).decode("ascii"),
        }
    )
