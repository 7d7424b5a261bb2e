"""How a collector becomes known: a one-time token, made by an administrator, turned into an identity."""

import base64
import hashlib
import json
import re
import secrets
from datetime import timedelta

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from sentinel.audit import Audit
from sentinel.database.dialect import serialise
from sentinel.database.tables import agencies, collectors, enrolment_tokens
from sentinel.database.text import fit
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.model.moment import now, to_text

MAX_MINUTES = 60 * 24 * 31
MAX_NAME_CHARACTERS = 100
MAX_HOST_CHARACTERS = 255
MAX_VERSION_CHARACTERS = 32
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Enrolment:
    """Makes tokens and turns them into collectors."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def make_token(
        self, *, agency: str, name: str, minutes: int = 60 * 24, actor: str, url: str, ca_fingerprint: str
    ) -> str:
        """Return a token for one collector: base64url of JSON with `u` URL, `f` CA fingerprint, `s` secret.

        Only the secret's hash is kept. Raises `InputError` for an agency that is not there or a wrong time.
        """
        if not 1 <= minutes <= MAX_MINUTES:
            raise InputError(f"a token is valid for 1 to {MAX_MINUTES} minutes, not {minutes}")
        if not name.strip():
            raise InputError("a collector needs a name")
        secret = secrets.token_urlsafe(32)
        made = now()
        with self._engine.begin() as connection:
            if connection.execute(select(agencies.c.id).where(agencies.c.id == agency)).first() is None:
                raise InputError(f"there is no agency '{agency[:64]}'")
            connection.execute(
                insert(enrolment_tokens).values(
                    token_hash=_hash(secret),
                    agency=agency,
                    name=fit(name.strip(), MAX_NAME_CHARACTERS),
                    created_at=to_text(made),
                    expires_at=to_text(made + timedelta(minutes=minutes)),
                )
            )
            self._audit.record(
                actor=actor, agency=agency, action="collector.token_made", object=name, connection=connection
            )
        text = json.dumps({"u": url, "f": ca_fingerprint, "s": secret}, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")

    def enrol(self, *, secret: str, secret_hash: str, host: str, version: str, can_respond: bool) -> str:
        """Return the id of a new collector that will prove itself by the secret with this hash.

        The same token with the same hash again gives the same id, for a reply that was lost. Raises `RefusedError`
        for a token that is unknown, expired or used, and `ConflictError` where another collector has this secret.
        """
        if not _SHA256.fullmatch(secret_hash):
            raise InputError("secret_hash must be a SHA-256 in hex")
        try:
            with self._engine.begin() as connection:
                serialise(connection, enrolment_tokens)
                return self._enrol(connection, secret, secret_hash, host, version, can_respond=can_respond)
        except IntegrityError as error:
            raise ConflictError("another collector uses this secret; remove the identity file and try again") from error

    def _enrol(
        self, connection: Connection, secret: str, secret_hash: str, host: str, version: str, *, can_respond: bool
    ) -> str:
        at = to_text(now())
        mine = enrolment_tokens.c.token_hash == _hash(secret)
        token = connection.execute(select(enrolment_tokens).where(mine)).first()
        if token is None:
            raise RefusedError("this token is not known here; ask for a new one")
        if token.used_by is not None:
            return _again(connection, token.used_by, secret_hash)
        if token.expires_at < at:
            raise RefusedError(f"this token expired at {token.expires_at}; ask for a new one")
        collector_id = "c-" + secrets.token_hex(8)
        connection.execute(
            insert(collectors).values(
                id=collector_id,
                name=token.name,
                agency=token.agency,
                secret_hash=secret_hash,
                host=fit(host, MAX_HOST_CHARACTERS),
                version=fit(version, MAX_VERSION_CHARACTERS),
                can_respond=can_respond,
                revoked=False,
                enrolled_at=at,
                status={},
            )
        )
        connection.execute(update(enrolment_tokens).where(mine).values(used_by=collector_id, used_at=at))
        self._audit.record(
            actor=f"collector:{collector_id}",
            agency=token.agency,
            action="collector.enrolled",
            object=collector_id,
            detail={"name": token.name, "host": fit(host, MAX_HOST_CHARACTERS), "can_respond": can_respond},
            connection=connection,
        )
        return collector_id


def _again(connection: Connection, collector_id: str, secret_hash: str) -> str:
    """Return the collector that used a token before, where it is the one that asks."""
    known = connection.execute(
        select(collectors.c.secret_hash).where(collectors.c.id == collector_id, collectors.c.revoked.is_(False))
    ).scalar_one_or_none()
    if known is None or not secrets.compare_digest(known, secret_hash):
        raise RefusedError("this token was used before; ask for a new one")
    return collector_id


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
