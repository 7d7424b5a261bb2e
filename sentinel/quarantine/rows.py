"""Records that a store refused for good, kept whole; and what was decided about these and about broken lines."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson
from sqlalchemy import Engine, func, select

from sentinel.database.connect import reading
from sentinel.database.dialect import insert_new, upsert
from sentinel.database.storage_tables import quarantine
from sentinel.database.text import fit
from sentinel.model.agency import Scope
from sentinel.model.moment import now, to_text
from sentinel.model.record import Record
from sentinel.store import Rejected

MAX_REASON_CHARACTERS = 2_000
MAX_BODY_BYTES = 64_000_000
"""A kept record that unpacks to more is damaged."""
NOBODY = "city"
"""Whom a record belongs to that names no agency."""


class Stage(StrEnum):
    """Where an event could not go on."""

    NORMALISE = "normalise"
    """Its parser rejected the line; the store has it as a record of kind `pipeline_error`."""
    STORE = "store"
    """The store refused the record."""


class State(StrEnum):
    """What became of it."""

    WAITING = "waiting"
    REPLAYED = "replayed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One event in quarantine."""

    record: Record
    stage: Stage
    reason: str
    at: str
    attempts: int = 0
    """How often it was sent on its way again."""

    @property
    def agency(self) -> str:
        """Whom it belongs to."""
        return str(self.record.fields.get("organization.id", NOBODY))

    @property
    def dataset(self) -> str:
        """Which source it came from."""
        return str(self.record.fields.get("event.dataset", ""))


class QuarantineRows:
    """The quarantine in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, rejected: Sequence[Rejected], at: datetime | None = None) -> None:
        """Keep records that the store refused, durable on return; the same again changes nothing."""
        moment = to_text(at or now())
        rows = [
            _row(Item(record=each.record, stage=Stage.STORE, reason=each.reason, at=moment), State.WAITING)
            for each in rejected
        ]
        with self._engine.begin() as connection:
            insert_new(connection, quarantine, rows)

    def waiting(self, scope: Scope, limit: int) -> list[Item]:
        """Return the refused records of the agencies in scope that wait, oldest first."""
        wanted = (
            quarantine.c.agency.in_(sorted(scope)),
            quarantine.c.state == State.WAITING.value,
            quarantine.c.stage == Stage.STORE.value,
        )
        query = select(quarantine).where(*wanted).order_by(quarantine.c.at, quarantine.c.id).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [
            Item(
                record=Record(row.id, _unpacked(row.body)),
                stage=Stage(row.stage),
                reason=row.reason,
                at=row.at,
                attempts=row.attempts,
            )
            for row in rows
        ]

    def decided(self, ids: Sequence[str]) -> dict[str, tuple[State, int]]:
        """Return of those of `ids` that something was decided about: what, and how often they were sent again."""
        query = select(quarantine.c.id, quarantine.c.state, quarantine.c.attempts).where(quarantine.c.id.in_(ids))
        with reading(self._engine) as connection:
            return {row.id: (State(row.state), row.attempts) for row in connection.execute(query)}

    def decide(self, items: Sequence[Item], state: State, at: datetime) -> None:
        """Keep what was decided about items; those sent again count one attempt more."""
        more = int(state is State.REPLAYED)
        rows = [
            {**_row(each, state), "attempts": each.attempts + more, "changed_at": to_text(at)}
            for each in {item.record.id: item for item in items}.values()
        ]
        with self._engine.begin() as connection:
            upsert(connection, quarantine, rows)

    def counts(self, scope: Scope) -> dict[str, int]:
        """Return how many refused records of the agencies in scope wait, by dataset."""
        query = (
            select(quarantine.c.dataset, func.count())
            .where(quarantine.c.agency.in_(sorted(scope)), quarantine.c.state == State.WAITING.value)
            .group_by(quarantine.c.dataset)
        )
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _row(item: Item, state: State) -> dict[str, object]:
    # What the store has itself is not kept twice.
    body = orjson.dumps(dict(item.record.fields)) if item.stage is Stage.STORE else b"{}"
    return {
        "id": item.record.id[:64],
        "stage": item.stage.value,
        "agency": item.agency,
        "collector": fit(str(item.record.fields.get("agent.id", "")), 32),
        "dataset": fit(item.dataset, 100),
        "reason": fit(item.reason, MAX_REASON_CHARACTERS),
        "body": zlib.compress(body),
        "attempts": item.attempts,
        "state": state.value,
        "at": item.at,
        "changed_at": None,
    }


def _unpacked(body: bytes) -> dict[str, str]:
    fields: dict[str, str] = orjson.loads(zlib.decompressobj().decompress(body, MAX_BODY_BYTES))
    return fields
