"""Sign-in: by password or one-time link, into sessions that live on the server and end by themselves."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, update

from sentinel.accounts.agencies import CITY
from sentinel.accounts.throttle import Throttle, source
from sentinel.accounts.users import Users, name_key
from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.tables import sessions, sign_in_links
from sentinel.database.text import fit
from sentinel.errors import InputError, RefusedError
from sentinel.model import moment
from sentinel.model.principal import Principal

IDLE_MINUTES = 30
TOTAL_HOURS = 12
MAX_LINK_MINUTES = 24 * 60
_TOUCH_SECONDS = 60
"""A session's last use is written at most this often."""
_TOKEN_BYTES = 32
_THROTTLED_EVERY = timedelta(minutes=1)
_MAX_THROTTLED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a browser gets at sign-in."""

    token: str
    """Secret for the cookie; only its SHA-256 is stored."""
    csrf: str
    """Secret that every form must send back."""
    principal: Principal
    expires_at: str
    """End, however busy the session is."""


class SignIn:
    """The ways in, and the sessions behind them."""

    def __init__(
        self,
        engine: Engine,
        audit: Audit,
        users: Users,
        *,
        idle_minutes: int = IDLE_MINUTES,
        total_hours: int = TOTAL_HOURS,
        clock: Callable[[], datetime] = moment.now,
    ) -> None:
        """Let `users` in; a session ends after `idle_minutes` without use, and after `total_hours` in any case."""
        self._engine = engine
        self._audit = audit
        self._users = users
        self._throttle = Throttle(engine)
        self._idle = timedelta(minutes=idle_minutes)
        self._total = timedelta(hours=total_hours)
        self._clock = clock
        self._throttled: dict[str, datetime] = {}

    def with_password(self, name: str, password: str, address: str) -> Session:
        """Sign in; raise `RefusedError` where name or password is wrong, not saying which, or after too many tries.

        `address` is the network address of the browser.
        """
        key, address = fit(name_key(name[:200]), 100), fit(address, 64)
        try:
            attempt = self._throttle.begin(key, source(address), self._clock())
        except RefusedError:
            self._note_throttled(key, address)
            raise
        principal, agency = self._users.check_password(key, password)
        if principal is None:
            self._audit.record(
                actor=key, agency=agency or CITY, action="sign_in.refused", object=key, detail={"address": address}
            )
            raise RefusedError("name or password is wrong")
        self._throttle.succeeded(attempt, key, source(address))
        with self._engine.begin() as connection:
            return self._open(connection, principal, address, "password")

    def _note_throttled(self, key: str, address: str) -> None:
        """Write that somebody keeps trying, at most once a minute for each name: the log must not be flooded."""
        now = self._clock()
        told = self._throttled.get(key)
        if told is not None and now - told < _THROTTLED_EVERY:
            return
        if len(self._throttled) >= _MAX_THROTTLED:
            self._throttled.clear()
        self._throttled[key] = now
        user = self._users.by_name(key)
        self._audit.record(
            actor=key,
            agency=user.agency if user else CITY,
            action="sign_in.throttled",
            object=key,
            detail={"address": address},
        )

    def make_link(self, user_id: str, *, minutes: int = 15, actor: str) -> str:
        """Return a token that signs the user in once within `minutes`; raise `InputError` for an unknown user."""
        if not 1 <= minutes <= MAX_LINK_MINUTES:
            raise InputError(f"a sign-in link is good for 1 to {MAX_LINK_MINUTES} minutes")
        principal = self._users.principal(user_id)
        if principal is None:
            raise InputError(f"there is no active user '{user_id[:64]}'")
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), self._clock()
        with self._engine.begin() as connection:
            connection.execute(delete(sign_in_links).where(sign_in_links.c.expires_at <= moment.to_text(now)))
            connection.execute(
                insert(sign_in_links).values(
                    token_hash=_hash(token),
                    user_id=user_id,
                    expires_at=moment.to_text(now + timedelta(minutes=minutes)),
                )
            )
            self._audit.record(
                actor=actor,
                agency=principal.agency,
                action="sign_in.link_made",
                object=principal.name,
                detail={"minutes": minutes},
                connection=connection,
            )
        return token

    def with_link(self, token: str, address: str) -> Session:
        """Sign in with a one-time token; raise `RefusedError` where it is unknown, used, or too old."""
        now, hashed = moment.to_text(self._clock()), _hash(token)
        link = sign_in_links.c
        with self._engine.begin() as connection:
            # Of two that come at once, one changes the row and the other finds it changed.
            taken = connection.execute(
                update(sign_in_links)
                .where(link.token_hash == hashed, link.used_at.is_(None), link.expires_at > now)
                .values(used_at=now)
            )
            user_id = connection.execute(select(link.user_id).where(link.token_hash == hashed)).scalar()
        principal = self._users.principal(user_id) if user_id is not None and taken.rowcount == 1 else None
        if principal is None:
            raise RefusedError("this sign-in link was used before or is too old; ask for a new one")
        with self._engine.begin() as connection:
            return self._open(connection, principal, fit(address, 64), "link")

    def session(self, token: str) -> tuple[Principal, str] | None:
        """Return who is behind the session and its CSRF secret, or None where it has ended or never was."""
        now, hashed = self._clock(), _hash(token)
        with reading(self._engine) as connection:
            row = connection.execute(select(sessions).where(sessions.c.token_hash == hashed)).first()
        if row is None or moment.to_text(now) >= row.expires_at or self._is_idle(row.seen_at, now):
            return None
        principal = self._users.principal(row.user_id)
        if principal is None:
            return None
        if now - moment.from_text(row.seen_at) >= timedelta(seconds=_TOUCH_SECONDS):
            with self._engine.begin() as connection:
                touched = update(sessions).where(sessions.c.token_hash == hashed)
                connection.execute(touched.values(seen_at=moment.to_text(now)))
        return principal, row.csrf

    def end(self, token: str) -> None:
        """End the session; one that is unknown is ended already."""
        with self._engine.begin() as connection:
            user_id = connection.execute(
                delete(sessions).where(sessions.c.token_hash == _hash(token)).returning(sessions.c.user_id)
            ).scalar()
            principal = self._users.principal(user_id) if user_id else None
            if principal:
                self._note(connection, principal, "sign_in.ended", {})

    def _open(self, connection: Connection, principal: Principal, address: str, way: str) -> Session:
        now = self._clock()
        token, csrf = secrets.token_urlsafe(_TOKEN_BYTES), secrets.token_urlsafe(_TOKEN_BYTES)
        expires_at = moment.to_text(now + self._total)
        gone = (sessions.c.expires_at <= moment.to_text(now)) | (sessions.c.seen_at <= moment.to_text(now - self._idle))
        connection.execute(delete(sessions).where(gone))
        connection.execute(
            insert(sessions).values(
                token_hash=_hash(token),
                user_id=principal.id,
                csrf=csrf,
                created_at=moment.to_text(now),
                seen_at=moment.to_text(now),
                expires_at=expires_at,
            )
        )
        self._note(connection, principal, "sign_in.done", {"address": address, "by": way})
        return Session(token=token, csrf=csrf, principal=principal, expires_at=expires_at)

    def _is_idle(self, seen_at: str, now: datetime) -> bool:
        return now - moment.from_text(seen_at) >= self._idle

    def _note(self, connection: Connection, principal: Principal, action: str, detail: dict[str, object]) -> None:
        self._audit.record(
            actor=principal.name,
            agency=principal.agency,
            action=action,
            object=principal.name,
            detail=detail,
            connection=connection,
        )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
