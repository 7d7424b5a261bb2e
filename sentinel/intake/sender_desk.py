"""Where senders are added, given a new token, and revoked; each is an entry of the audit log."""

import re
import secrets
from collections.abc import Mapping

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from sentinel.audit import Audit
from sentinel.database.dialect import serialise
from sentinel.database.storage_tables import senders
from sentinel.database.tables import agencies
from sentinel.database.text import fit
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.intake.senders import columns, hash_of
from sentinel.model.moment import now, to_text
from sentinel.model.principal import Principal, Role
from sentinel.model.sender import DOORS, HTTP_DOORS, MAX_BODY_BYTES, SYSLOG, Network, Sender, SenderLimits
from sentinel.normalise import parser_of

MAX_NAME_CHARACTERS = 100
MAX_NETWORKS = 64
MAX_PER_SECOND = 1_000_000_000
_DATASET = re.compile(r"[a-z0-9_]{1,30}(\.[a-z0-9_]{1,30}){1,3}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class SenderDesk:
    """Changes who may send; only an administrator, and only within the agencies in scope."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def add(
        self,
        principal: Principal,
        *,
        door: str,
        name: str,
        agency: str,
        dataset: str,
        networks: tuple[Network, ...] = (),
        certificate: str = "",
        limits: SenderLimits | None = None,
    ) -> tuple[Sender, str]:
        """Return a new sender and its token, which is kept nowhere; the token is empty at the syslog door.

        Raises `InputError` for what is not allowed, `RefusedError` for who may not ask, `ConflictError` for a network
        or certificate that another sender has.
        """
        self._check(principal, agency)
        sender = Sender(
            id="s-" + secrets.token_hex(8),
            door=door,
            name=fit(name.strip(), MAX_NAME_CHARACTERS),
            agency=agency,
            dataset=dataset,
            networks=networks,
            certificate=certificate.replace(":", "").lower(),
            limits=limits or SenderLimits(),
            created_at=to_text(now()),
        )
        _check_sender(sender)
        token = secrets.token_urlsafe(32) if door in HTTP_DOORS else ""
        try:
            with self._engine.begin() as connection:
                serialise(connection, senders)
                self._check_place(connection, sender)
                row = {**columns(sender), "secret_hash": hash_of(token) if token else None}
                connection.execute(insert(senders).values(**row))
                detail = {"name": sender.name, "door": door, "dataset": dataset}
                self._note(principal, sender, "sender.added", connection, detail=detail)
        except IntegrityError as error:
            raise ConflictError("another sender has this certificate; revoke that one first") from error
        return sender, token

    def rotate(self, principal: Principal, sender_id: str, why: str) -> str:
        """Return a new token for a sender; the one before is worth nothing from now on."""
        token = secrets.token_urlsafe(32)
        with self._engine.begin() as connection:
            sender = self._mine(connection, principal, sender_id)
            if sender.door not in HTTP_DOORS or sender.revoked:
                raise InputError(f"sender {sender_id[:40]} has no token; add a new sender")
            connection.execute(update(senders).where(senders.c.id == sender.id).values(secret_hash=hash_of(token)))
            self._note(principal, sender, "sender.rotated", connection, why=why)
        return token

    def revoke(self, principal: Principal, sender_id: str, why: str) -> None:
        """Take a sender's right to send away, at once and for good."""
        with self._engine.begin() as connection:
            sender = self._mine(connection, principal, sender_id)
            # Its certificate and its networks are free for the sender that follows it.
            gone: dict[str, object] = {"revoked": True, "certificate": None, "networks": []}
            connection.execute(update(senders).where(senders.c.id == sender.id).values(**gone))
            self._note(principal, sender, "sender.revoked", connection, why=why)

    def _check(self, principal: Principal, agency: str) -> None:
        if not principal.role.includes(Role.ADMINISTRATOR):
            raise RefusedError("only an administrator may change who sends")
        if agency not in principal.scope:
            raise InputError(f"there is no agency '{agency[:64]}' among those you may change")

    def _check_place(self, connection: Connection, sender: Sender) -> None:
        if connection.execute(select(agencies.c.id).where(agencies.c.id == sender.agency)).first() is None:
            raise InputError(f"there is no agency '{sender.agency[:64]}'")
        taken = select(senders.c.id, senders.c.networks).where(
            senders.c.door == sender.door, senders.c.revoked.is_(False)
        )
        for row in connection.execute(taken):
            if both := {str(network) for network in sender.networks} & set(row.networks):
                raise ConflictError(f"sender {row.id} has the network {min(both)} already; revoke it first")

    def _mine(self, connection: Connection, principal: Principal, sender_id: str) -> Sender:
        found = connection.execute(select(senders).where(senders.c.id == sender_id)).first()
        # Elsewhere and nowhere are the same answer: ids of other agencies stay unknown.
        if found is None or found.agency not in principal.scope:
            raise InputError(f"there is no sender '{sender_id[:40]}' among those you may see")
        self._check(principal, found.agency)
        return Sender(
            id=found.id,
            door=found.door,
            name=found.name,
            agency=found.agency,
            dataset=found.dataset,
            revoked=found.revoked,
        )

    def _note(
        self,
        principal: Principal,
        sender: Sender,
        action: str,
        connection: Connection,
        *,
        why: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        self._audit.record(
            actor=principal.name,
            agency=sender.agency,
            action=action,
            object=sender.id,
            why=why,
            detail=dict(detail or {}),
            connection=connection,
        )


def _check_sender(sender: Sender) -> None:
    if sender.door not in DOORS:
        raise InputError(f"unknown door '{sender.door[:40]}'; there are: {', '.join(DOORS)}")
    if not sender.name:
        raise InputError("a sender needs a name")
    if not _DATASET.fullmatch(sender.dataset) or sender.dataset.startswith("sentinel."):
        raise InputError(
            f"'{sender.dataset[:80]}' is no dataset for a sender; name one like linux.syslog or app.portal"
        )
    if parser_of(sender.dataset) is None:
        raise InputError(f"no parser reads the dataset {sender.dataset}; app.NAME takes lines as they are")
    if sender.door == SYSLOG:
        _check_syslog(sender)
    elif sender.networks or sender.certificate:
        raise InputError(f"a sender of the door '{sender.door}' has a token, no network and no certificate")
    _check_limits(sender.limits)


def _check_syslog(sender: Sender) -> None:
    if bool(sender.networks) == bool(sender.certificate):
        raise InputError("a syslog sender has either networks or a client certificate")
    if sender.certificate and not _FINGERPRINT.fullmatch(sender.certificate):
        raise InputError("the certificate is named by its SHA-256: 64 digits of 0-9 a-f")
    if len(sender.networks) > MAX_NETWORKS:
        raise InputError(f"a sender may have {MAX_NETWORKS} networks, not {len(sender.networks)}")


def _check_limits(limits: SenderLimits) -> None:
    for name in ("events_per_second", "bytes_per_second"):
        if not 1 <= getattr(limits, name) <= MAX_PER_SECOND:
            raise InputError(f"{name} must be 1 to {MAX_PER_SECOND}")
    if not 1_000 <= limits.body_bytes <= MAX_BODY_BYTES:
        raise InputError(f"body_bytes must be 1000 to {MAX_BODY_BYTES}")
