"""Commands to collectors: signed, addressed, expiring, used once, and cancelled while nobody has fetched them."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, func, insert, select, update

from sentinel.database.connect import reading
from sentinel.database.tables import commands, effects, runs
from sentinel.errors import InputError
from sentinel.model.moment import from_text, to_text
from sentinel.model.run import EffectState
from sentinel.playbooks import report as reports

MAX_LIFE = timedelta(minutes=30)
"""A collector that was away longer than this does not begin."""
MAX_PENDING = 50
CREATED, FETCHED, ANSWERED, CANCELLED, EXPIRED = "created", "fetched", "answered", "cancelled", "expired"
PERFORM, UNDO = "perform", "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a command asks for."""

    collector: str
    verb: str
    """`perform` or `undo`."""
    action: str
    arguments: Mapping[str, object]
    effect: str
    run: str
    step: str
    not_after: datetime
    undo_at: str | None


def canonical(document: Mapping[str, object]) -> bytes:
    """Return the one way to write a document: sorted keys, ASCII, no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


class Commands:
    """The commands of all collectors."""

    def __init__(
        self,
        engine: Engine,
        signing_key: Ed25519PrivateKey,
        *,
        wake: threading.Event | None = None,
        announce: Callable[[], None] | None = None,
    ) -> None:
        """Sign with `signing_key`; set `wake` when runs can move, call `announce` when there is a command to fetch."""
        self._engine = engine
        self._key = signing_key
        self._wake = wake
        self._announce = announce

    def issue(self, connection: Connection, order: Order, now: datetime) -> str:
        """Write a command as part of the caller's transaction and return its id; call `announce` after the commit."""
        count = select(func.count()).where(commands.c.effect == order.effect, commands.c.verb == order.verb)
        attempt = connection.execute(count).scalar_one()
        command_id = hashlib.sha256(f"{order.effect}/{order.verb}/{attempt}".encode()).hexdigest()
        not_after = min(order.not_after, now + MAX_LIFE)
        if order.verb == PERFORM and order.undo_at is not None:
            not_after = min(not_after, from_text(order.undo_at))
        payload = canonical(
            {
                "id": command_id,
                "collector": order.collector,
                "verb": order.verb,
                "action": order.action,
                "arguments": dict(order.arguments),
                "effect": order.effect,
                "run": order.run,
                "step": order.step,
                "not_before": to_text(now),
                "not_after": to_text(not_after),
                "undo_at": order.undo_at,
            }
        )
        row = {
            "id": command_id,
            "collector": order.collector,
            "effect": order.effect,
            "verb": order.verb,
            "payload": payload,
            "signature": self._key.sign(payload),
            "state": CREATED,
            "created_at": to_text(now),
            "not_after": to_text(not_after),
        }
        connection.execute(insert(commands).values(row))
        return command_id

    def announce(self) -> None:
        """Say that there may be something to fetch."""
        if self._announce is not None:
            self._announce()

    def pending(self, collector_id: str, now: datetime) -> list[dict[str, str]]:
        """Return the commands this collector has yet to answer; from now on they cannot be cancelled.

        A command is given again until it is answered, for an answer of ours may have been lost; the collector
        performs it once.
        """
        wanted = (
            select(commands.c.id, commands.c.payload, commands.c.signature, commands.c.state)
            .where(commands.c.collector == collector_id, commands.c.state.in_((CREATED, FETCHED)))
            .where(commands.c.not_after > to_text(now))
            .order_by(commands.c.created_at, commands.c.id)
            .limit(MAX_PENDING)
        )
        with reading(self._engine) as connection:
            if connection.execute(wanted.limit(1)).first() is None:
                return []
        with self._engine.begin() as connection:
            found = connection.execute(wanted.with_for_update()).all()
            fresh = [row.id for row in found if row.state == CREATED]
            if fresh:
                connection.execute(update(commands).where(commands.c.id.in_(fresh)).values(state=FETCHED))
        return [{"payload": _base64(row.payload), "signature": _base64(row.signature)} for row in found]

    def answer(self, collector_id: str, command_id: str, report: object, now: datetime) -> None:
        """Take a report on a command of this collector.

        Raises `InputError` for a report that is not understood or a command that is not this collector's, and
        `ConflictError` for one that contradicts what is known.
        """
        with self._engine.begin() as connection:
            mine = (commands.c.id == command_id, commands.c.collector == collector_id)
            # Everybody locks the run first, so that nobody waits for each other on PostgreSQL.
            of_run = select(runs.c.id).join(effects, effects.c.run == runs.c.id)
            of_run = of_run.join(commands, commands.c.effect == effects.c.id).where(*mine)
            if connection.execute(of_run.with_for_update(of=runs)).first() is None:
                raise InputError("report: this collector was given no such command")
            query = select(commands.c.verb, commands.c.effect, commands.c.state).where(*mine)
            command = connection.execute(query.with_for_update()).one()
            checked = reports.read(report, command.verb)
            state = ANSWERED if _answers(command.verb, checked.state) else command.state
            changes = {"state": state} | ({"answered_at": to_text(now)} if state == ANSWERED else {})
            connection.execute(update(commands).where(commands.c.id == command_id).values(changes))
            if command.state != ANSWERED or checked.state is not EffectState.REFUSED:
                self._settle(connection, command.effect, command.verb, checked, now)
        if self._wake is not None:
            self._wake.set()

    def _settle(self, connection: Connection, effect_id: str, verb: str, report: reports.Report, now: datetime) -> None:
        """Move the effect on and wake its run."""
        effect = connection.execute(select(effects).where(effects.c.id == effect_id).with_for_update()).one()
        present = EffectState(effect.state)
        result = dict(effect.result)
        changes: dict[str, object] = {}
        if verb == UNDO and report.state in (EffectState.ACKNOWLEDGED, EffectState.REFUSED):
            if report.state is EffectState.REFUSED and present is not EffectState.UNDONE:
                changes["detail"] = f"undo refused: {report.detail}"
        elif reports.advance(present, report.state):
            changes = {"state": report.state.value, "detail": report.detail}
            if report.state in (EffectState.VERIFIED, EffectState.UNDONE):
                changes["verified_at" if report.state is EffectState.VERIFIED else "undone_at"] = to_text(now)
            if report.result:
                result["agent"] = report.result
            changes["result"] = result | {"agent_at": report.at}
        if changes:
            connection.execute(update(effects).where(effects.c.id == effect_id).values(changes))
            connection.execute(update(runs).where(runs.c.id == effect.run).values(wake_at=to_text(now)))

    def withdraw(self, connection: Connection, effect_id: str) -> bool:
        """Cancel what has not been fetched of an effect's perform command; return whether nothing can begin now."""
        mine = (commands.c.effect == effect_id, commands.c.verb == PERFORM, commands.c.state == CREATED)
        return connection.execute(update(commands).where(*mine).values(state=CANCELLED)).rowcount > 0

    def expire(self, connection: Connection, effect_id: str, now: datetime) -> list[str]:
        """Close the effect's commands that can no longer be fetched; return the verbs of those closed just now."""
        late = (commands.c.effect == effect_id, commands.c.state == CREATED, commands.c.not_after <= to_text(now))
        verbs = list(connection.execute(select(commands.c.verb).where(*late)).scalars())
        if verbs:
            connection.execute(update(commands).where(*late).values(state=EXPIRED))
        return verbs

    def last_moment(self, connection: Connection, effect_id: str, verb: str) -> datetime | None:
        """Return when the newest unanswered command of that kind becomes too old, None where there is none."""
        query = select(func.max(commands.c.not_after)).where(commands.c.effect == effect_id, commands.c.verb == verb)
        found = connection.execute(query.where(commands.c.state.in_((CREATED, FETCHED)))).scalar()
        return from_text(found) if found is not None else None


def _answers(verb: str, state: EffectState) -> bool:
    """Return whether this report is the last word on the command, so that it need not be given again."""
    return state in reports.FINAL if verb == PERFORM else state is not EffectState.ACKNOWLEDGED


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode("ascii")
