"""Hunts in the database: what was asked, how far it has come, and what it found."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from msgspec import convert, to_builtins
from sqlalchemy import Engine, Row, func, insert, select, update

from sentinel.database.connect import reading
from sentinel.database.dialect import insert_new
from sentinel.database.storage_tables import hunt_hits, hunts
from sentinel.errors import InputError
from sentinel.model.agency import Scope
from sentinel.model.match import Match
from sentinel.model.moment import to_text

MAX_LISTED = 500


class UnknownHuntError(InputError):
    """Elsewhere and nowhere are the same answer: ids of other agencies stay unknown."""

    http_status = 404


class HuntState(StrEnum):
    """Where a hunt stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    """Cancelled, or its process died; it can go on from there."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is hunted for, and where."""

    rules: tuple[str, ...]
    """Ids of the rules and correlations; all of the rule set where there is none."""
    folders: tuple[str, ...] = ()
    """Where the rules are; the server's own where there is none."""
    query: str = "*"
    """Lucene syntax; only events it finds are looked at."""
    start: str | None = None
    end: str | None = None
    exhaustive: bool = False
    """Look at every event of the time, without asking the store which may match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a hunt has come."""

    total: int = 0
    """Events that the store found for it."""
    seen: int = 0
    hits: int = 0
    at: str = ""
    """`@timestamp` and id of the last event that was judged: the next begins behind."""
    record: str = ""
    state: str = ""
    """Checkpoint of the correlations there, in base64."""
    note: str = ""

    def moved(self, seen: int, hits: int, at: str, record: str, state: bytes) -> "Progress":
        """Return the progress after another page."""
        kept = base64.b64encode(state).decode()
        return replace(self, seen=self.seen + seen, hits=self.hits + hits, at=at, record=record, state=kept)

    @property
    def checkpoint(self) -> bytes:
        """Return the state of the correlations."""
        return base64.b64decode(self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """One hunt."""

    id: str
    agency: str
    asked_by: str
    question: Question
    state: HuntState
    progress: Progress
    created_at: str
    changed_at: str


class Hunts:
    """The hunts in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, question: Question, agency: str, asked_by: str, at: datetime) -> Hunt:
        """Keep a new hunt."""
        moment = to_text(at)
        hunt = Hunt(
            id=secrets.token_hex(8),
            agency=agency,
            asked_by=asked_by,
            question=question,
            state=HuntState.RUNNING,
            progress=Progress(),
            created_at=moment,
            changed_at=moment,
        )
        values = {**{name: getattr(hunt, name) for name in ("id", "agency", "asked_by", "created_at", "changed_at")}}
        with self._engine.begin() as connection:
            connection.execute(
                insert(hunts).values(
                    **values,
                    state=hunt.state.value,
                    question=to_builtins(question),
                    progress=to_builtins(hunt.progress),
                )
            )
        return hunt

    def get(self, scope: Scope, hunt_id: str) -> Hunt:
        """Return a hunt; raise `UnknownHuntError` where there is none in scope."""
        query = select(hunts).where(hunts.c.id == hunt_id[:64], hunts.c.agency.in_(sorted(scope)))
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            raise UnknownHuntError("there is no such hunt among those you may see; `sentinel hunt list` names them")
        return _hunt(row)

    def find(self, scope: Scope) -> list[Hunt]:
        """Return the hunts of the agencies in scope, newest first."""
        query = select(hunts).where(hunts.c.agency.in_(sorted(scope))).order_by(hunts.c.created_at.desc(), hunts.c.id)
        with reading(self._engine) as connection:
            return [_hunt(row) for row in connection.execute(query.limit(MAX_LISTED))]

    def advance(self, hunt_id: str, progress: Progress, matches: Sequence[Match], at: datetime) -> HuntState:
        """Keep what a page found and how far it came, in one transaction; return the state that others want."""
        rows = [
            {
                "hunt": hunt_id,
                "rule_id": each.rule.id[:64],
                "record_id": each.record_id[:64],
                "found": to_builtins(each),
            }
            for each in matches
        ]
        with self._engine.begin() as connection:
            insert_new(connection, hunt_hits, rows)
            connection.execute(
                update(hunts)
                .where(hunts.c.id == hunt_id)
                .values(progress=to_builtins(progress), changed_at=to_text(at))
            )
            return HuntState(connection.execute(select(hunts.c.state).where(hunts.c.id == hunt_id)).scalar_one())

    def set_state(self, hunt_id: str, state: HuntState, at: datetime) -> None:
        """Say where the hunt stands."""
        with self._engine.begin() as connection:
            connection.execute(
                update(hunts).where(hunts.c.id == hunt_id).values(state=state.value, changed_at=to_text(at))
            )

    def matches(self, hunt_id: str, limit: int = 10_000, offset: int = 0) -> list[Match]:
        """Return what a hunt found, in order of rule and record."""
        query = (
            select(hunt_hits.c.found)
            .where(hunt_hits.c.hunt == hunt_id)
            .order_by(hunt_hits.c.rule_id, hunt_hits.c.record_id)
        )
        with reading(self._engine) as connection:
            return [convert(row.found, Match) for row in connection.execute(query.limit(limit).offset(offset))]

    def counts(self, hunt_id: str) -> dict[str, int]:
        """Return how often each rule was found, by its id."""
        query = (
            select(hunt_hits.c.rule_id, func.count())
            .where(hunt_hits.c.hunt == hunt_id)
            .group_by(hunt_hits.c.rule_id)
            .order_by(hunt_hits.c.rule_id)
        )
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _hunt(row: Row[tuple[object, ...]]) -> Hunt:
    return Hunt(
        id=row.id,
        agency=row.agency,
        asked_by=row.asked_by,
        question=convert(row.question, Question),
        state=HuntState(row.state),
        progress=convert(row.progress, Progress),
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
