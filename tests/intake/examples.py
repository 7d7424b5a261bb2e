"""Tokens and collectors for the tests of intake."""

import base64
import hashlib
import json
import secrets

from sentinel.intake.enrolment import Enrolment


def token(enrolment: Enrolment, agency: str = "dept-a", minutes: int = 60) -> str:
    """Return the secret in a new token."""
    text = enrolment.make_token(
        agency=agency,
        name="máy một cửa",
        minutes=minutes,
        actor="admin",
        url="https://s:8443",
        ca_fingerprint="ab" * 32,
    )
    document = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert document["u"] == "https://s:8443"
    assert document["f"] == "ab" * 32
    return str(document["s"])


def digest(secret: str) -> str:
    """Return what a collector sends of its secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def use(enrolment: Enrolment, one_time: str, secret: str) -> str:
    """Enrol with a one-time secret; return the collector's id."""
    return enrolment.enrol(secret=one_time, secret_hash=digest(secret), host="pc-17", version="0.1.0", can_respond=True)


def enrol(enrolment: Enrolment, agency: str) -> str:
    """Enrol a collector; return its own secret."""
    secret = secrets.token_urlsafe(32)
    use(enrolment, token(enrolment, agency), secret)
    return secret
