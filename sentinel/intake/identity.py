"""Which collector sends: known by the hash of its secret, until it is revoked."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine, Row, select, update

from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.tables import collectors
from sentinel.errors import InputError, RefusedError
from sentinel.model import moment
from sentinel.model.agency import Scope
from sentinel.model.collector import Collector
from sentinel.model.moment import to_text
from sentinel.model.principal import Principal, Role

REFUSED_EVERY = timedelta(minutes=1)


class UnknownCollectorError(RefusedError):
    """No collector has this secret, or the one that had it was revoked."""

    http_status = 401


class Identities:
    """The enrolled collectors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._audit = Audit(engine)
        self._refused: dict[str, datetime] = {}

    def who(self, secret: str) -> Collector:
        """Return the collector with this secret; raise `UnknownCollectorError` for none, or a revoked one."""
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        with reading(self._engine) as connection:
            row = connection.execute(select(collectors).where(collectors.c.secret_hash == digest)).first()
        if row is None:
            raise UnknownCollectorError("this secret belongs to no collector; enrol it with a new token")
        if row.revoked:
            self._note_refused(row.id, row.agency)
            raise UnknownCollectorError(f"collector {row.id} was revoked; enrol it with a new token")
        return _collector(row)

    def _note_refused(self, collector_id: str, agency: str) -> None:
        """Write that a revoked collector still sends, at most once a minute for each."""
        now = moment.now()
        told = self._refused.get(collector_id)
        if told is None or now - told >= REFUSED_EVERY:
            self._refused[collector_id] = now
            self._audit.record(
                actor=f"collector:{collector_id}",
                agency=agency,
                action="collector.refused",
                object=collector_id,
                detail={"reason": "revoked"},
            )

    def find(self, scope: Scope) -> list[Collector]:
        """Return the collectors of the agencies in scope, by name."""
        query = select(collectors).where(collectors.c.agency.in_(sorted(scope)))
        with reading(self._engine) as connection:
            return [_collector(row) for row in connection.execute(query.order_by(collectors.c.name, collectors.c.id))]

    def get(self, scope: Scope, collector_id: str) -> Collector | None:
        """Return a collector, or None where there is none in scope."""
        query = select(collectors).where(collectors.c.id == collector_id, collectors.c.agency.in_(sorted(scope)))
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else _collector(row)

    def report(self, collector_id: str, status: Mapping[str, object], at: datetime) -> None:
        """Keep what a collector says of itself, which is also a sign of life."""
        with self._engine.begin() as connection:
            connection.execute(
                update(collectors)
                .where(collectors.c.id == collector_id)
                .values(status=dict(status), last_seen_at=to_text(at))
            )

    def touch(self, collector_id: str, at: datetime) -> None:
        """Note a sign of life."""
        with self._engine.begin() as connection:
            connection.execute(
                update(collectors).where(collectors.c.id == collector_id).values(last_seen_at=to_text(at))
            )

    def revoke(self, principal: Principal, collector_id: str, why: str) -> None:
        """Take a collector's right to send away; raise `RefusedError` unless an administrator of its agency asks."""
        if not principal.role.includes(Role.ADMINISTRATOR):
            raise RefusedError("only an administrator may revoke a collector")
        with self._engine.begin() as connection:
            agency = connection.execute(
                select(collectors.c.agency).where(collectors.c.id == collector_id)
            ).scalar_one_or_none()
            # Elsewhere and nowhere are the same answer: ids of other agencies stay unknown.
            if agency is None or agency not in principal.scope:
                raise InputError(f"there is no collector '{collector_id[:40]}' among those you may see")
            connection.execute(update(collectors).where(collectors.c.id == collector_id).values(revoked=True))
            self._audit.record(
                actor=principal.name,
                agency=agency,
                action="collector.revoked",
                object=collector_id,
                why=why,
                connection=connection,
            )


def _collector(row: Row[tuple[object, ...]]) -> Collector:
    return Collector(
        id=row.id,
        name=row.name,
        agency=row.agency,
        host=row.host,
        version=row.version,
        enrolled_at=row.enrolled_at,
        last_seen_at=row.last_seen_at,
        revoked=row.revoked,
        can_respond=row.can_respond,
        status=row.status,
    )
