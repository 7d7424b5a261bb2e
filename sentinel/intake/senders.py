"""Who may send through a door other than Sentinel's own: known by token, client certificate or network."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import Engine, Row, select, update

from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.storage_tables import senders
from sentinel.errors import RefusedError
from sentinel.model import moment
from sentinel.model.agency import Scope
from sentinel.model.moment import to_text
from sentinel.model.sender import Network, Sender, SenderLimits

REFUSED_EVERY = timedelta(minutes=1)
MAX_TOKEN_CHARACTERS = 200


class UnknownSenderError(RefusedError):
    """No sender of this door proves itself so, or the one that did was revoked."""

    http_status = 401


class Senders:
    """The senders; safe for many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._audit = Audit(engine)
        self._refused: dict[str, datetime] = {}

    def by_token(self, door: str, token: str) -> Sender:
        """Return the sender of that door with this token; raise `UnknownSenderError` for none, or a revoked one."""
        if not 0 < len(token) <= MAX_TOKEN_CHARACTERS:
            raise UnknownSenderError("send the token that `sentinel sender add` printed")
        row = self._row(senders.c.secret_hash == hash_of(token))
        if row is None or row.door != door:
            raise UnknownSenderError(f"this token belongs to no sender of the door '{door}'; ask for a new one")
        return self._admitted(row)

    def by_certificate(self, door: str, fingerprint: str) -> Sender:
        """Return the sender with the client certificate of this SHA-256 in hex; raise as `by_token` does."""
        row = self._row(senders.c.certificate == fingerprint.lower())
        if row is None or row.door != door:
            raise UnknownSenderError(f"the certificate {fingerprint[:64]} belongs to no sender of the door '{door}'")
        return self._admitted(row)

    def active(self, door: str) -> list[Sender]:
        """Return the senders of a door that are not revoked, by name."""
        query = select(senders).where(senders.c.door == door, senders.c.revoked.is_(False))
        with reading(self._engine) as connection:
            return [_sender(row) for row in connection.execute(query.order_by(senders.c.name, senders.c.id))]

    def find(self, scope: Scope) -> list[Sender]:
        """Return the senders of the agencies in scope, by name."""
        query = select(senders).where(senders.c.agency.in_(sorted(scope)))
        with reading(self._engine) as connection:
            return [_sender(row) for row in connection.execute(query.order_by(senders.c.name, senders.c.id))]

    def get(self, scope: Scope, sender_id: str) -> Sender | None:
        """Return a sender, or None where there is none in scope."""
        row = self._row(senders.c.id == sender_id, senders.c.agency.in_(sorted(scope)))
        return None if row is None else _sender(row)

    def touch(self, sender_id: str, at: datetime) -> None:
        """Note a sign of life."""
        with self._engine.begin() as connection:
            connection.execute(update(senders).where(senders.c.id == sender_id).values(last_seen_at=to_text(at)))

    def _row(self, *conditions: object) -> Row[tuple[object, ...]] | None:
        with reading(self._engine) as connection:
            return connection.execute(select(senders).where(*conditions)).first()  # type: ignore[arg-type]

    def _admitted(self, row: Row[tuple[object, ...]]) -> Sender:
        sender = _sender(row)
        if sender.revoked:
            self._note_refused(sender)
            raise UnknownSenderError(f"sender {sender.id} was revoked; ask for a new one")
        return sender

    def _note_refused(self, sender: Sender) -> None:
        """Write that a revoked sender still sends, at most once a minute for each."""
        at = moment.now()
        told = self._refused.get(sender.id)
        if told is None or at - told >= REFUSED_EVERY:
            self._refused[sender.id] = at
            self._audit.record(
                actor=f"sender:{sender.id}",
                agency=sender.agency,
                action="sender.refused",
                object=sender.id,
                detail={"reason": "revoked", "door": sender.door},
            )


def of_address(candidates: Iterable[Sender], address: str) -> Sender | None:
    """Return the sender whose network holds the address, the narrowest one where there are several; None for none.

    An IPv4 address that came through an IPv6 socket (`::ffff:192.0.2.1`) is the IPv4 address.
    """
    place = ip_address(address.partition("%")[0])
    place = getattr(place, "ipv4_mapped", None) or place
    inside = [
        (network.prefixlen, sender)
        for sender in candidates
        for network in sender.networks
        if network.version == place.version and place in network
    ]
    return max(inside, key=lambda pair: pair[0])[1] if inside else None


def hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def columns(sender: Sender) -> dict[str, object]:
    """Return the sender as a row of the table."""
    return {
        "id": sender.id,
        "door": sender.door,
        "name": sender.name,
        "agency": sender.agency,
        "dataset": sender.dataset,
        "certificate": sender.certificate or None,
        "networks": [str(network) for network in sender.networks],
        "limits": asdict(sender.limits),
        "revoked": sender.revoked,
        "created_at": sender.created_at,
    }


def _sender(row: Row[tuple[object, ...]]) -> Sender:
    networks: tuple[Network, ...] = tuple(ip_network(text) for text in row.networks)
    return Sender(
        id=row.id,
        door=row.door,
        name=row.name,
        agency=row.agency,
        dataset=row.dataset,
        networks=networks,
        certificate=row.certificate or "",
        limits=SenderLimits(**row.limits),
        revoked=row.revoked,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )
