"""The token in an Authorization header, in whatever form a stock client can send it."""

import base64
import binascii

from sentinel.intake.senders import MAX_TOKEN_CHARACTERS

MAX_HEADER_CHARACTERS = 1_000


def token_of(authorization: str) -> str:
    """Return the token, empty where there is none.

    It stands behind `Bearer`, `Splunk` or `ApiKey`; or in base64 as password of any user name behind `Basic`, or as
    the second half of a pair behind `ApiKey`, as Elasticsearch's own clients send one.
    """
    scheme, _, value = authorization[:MAX_HEADER_CHARACTERS].strip().partition(" ")
    value = value.strip()
    match scheme.lower():
        case "bearer" | "splunk":
            return value
        case "basic":
            return _second(value) or ""
        case "apikey":
            return _second(value) or value
    return ""


def _second(value: str) -> str | None:
    """Return what stands behind the colon in base64 text; None where it is none."""
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    first, colon, second = text.partition(":")
    return second if colon and len(first) <= MAX_TOKEN_CHARACTERS else None
