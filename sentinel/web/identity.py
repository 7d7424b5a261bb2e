"""Which collector sends this request: the secret in its Authorization header says so."""

from typing import Annotated

from fastapi import Depends, Header

from sentinel.intake.identity import UnknownCollectorError
from sentinel.model.collector import Collector
from sentinel.web.visitor import Behind

MAX_SECRET_CHARACTERS = 200
OWN_DOOR = "own"
"""The door of Sentinel's collectors, where doors are counted."""


def collector(behind: Behind, authorization: Annotated[str, Header()] = "") -> Collector:
    """Return the sender; raise `UnknownCollectorError` for a secret that belongs to no active collector."""
    try:
        return behind.identities.who(_secret(authorization))
    except UnknownCollectorError:
        behind.doorway.refused(OWN_DOOR)
        raise


def _secret(authorization: str) -> str:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(secret) <= MAX_SECRET_CHARACTERS:
        raise UnknownCollectorError("send `Authorization: Bearer` with the secret given at enrolment")
    return secret


Sender = Annotated[Collector, Depends(collector)]
