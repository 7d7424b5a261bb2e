"""Which collector sends this request: the secret in its Authorization header says so."""

from typing import Annotated

from fastapi import Depends, Header

from sentinel.errors import RefusedError
from sentinel.model.collector import Collector
from sentinel.web.visitor import Behind

MAX_SECRET_CHARACTERS = 200


class UnknownSenderError(RefusedError):
    """No collector, or one that was revoked."""

    http_status = 401


def collector(behind: Behind, authorization: Annotated[str, Header()] = "") -> Collector:
    """Return the sender; raise `UnknownSenderError` for a secret that belongs to no active collector."""
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(secret) <= MAX_SECRET_CHARACTERS:
        raise UnknownSenderError("send `Authorization: Bearer` with the secret given at enrolment")
    try:
        return behind.identities.who(secret)
    except RefusedError as error:
        raise UnknownSenderError(str(error)) from error


Sender = Annotated[Collector, Depends(collector)]
