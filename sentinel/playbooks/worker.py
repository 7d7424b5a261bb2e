"""Moves runs: claims one by a lease, takes its next move in one transaction, and so on; may be killed at any time."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, or_, select, update

from sentinel.database.connect import reading
from sentinel.database.tables import approvals, effects, runs
from sentinel.errors import InputError
from sentinel.model.moment import from_text, to_text
from sentinel.model.run import Run, RunState, Step, StepState
from sentinel.playbooks import language, rows
from sentinel.playbooks.action import Sentence
from sentinel.playbooks.kinds import Value
from sentinel.playbooks.language import Loaded
from sentinel.playbooks.moves import Moves, end_step
from sentinel.playbooks.news import News
from sentinel.playbooks.plan import Ask, Await, End, Move, Perform, Seen, Settle, Take, Write, plan

LEASE = timedelta(seconds=30)
MAX_RUNS_AT_ONCE = 500
MAX_PARSED = 200
_ENDINGS = {
    RunState.DONE: ("finished", "đã kết thúc"),
    RunState.FAILED: ("failed", "đã thất bại"),
}


@dataclass(frozen=True)
class Worker:
    """One of any number of workers on the same tables."""

    engine: Engine
    moves: Moves
    _parsed: dict[str, Loaded] = field(default_factory=dict)

    def work(self, now: datetime) -> int:
        """Move every run that can move; return the number of moves made."""
        token = uuid.uuid4().hex
        moved = 0
        for _ in range(MAX_RUNS_AT_ONCE):
            run_id = self._claim(token, now)
            if run_id is None:
                break
            while (is_moved := self._turn(run_id, token, now)) is not None:
                moved += is_moved
        if moved:
            self.moves.commands.announce()
        return moved

    def _claim(self, token: str, now: datetime) -> str | None:
        free = or_(runs.c.lease_until.is_(None), runs.c.lease_until <= to_text(now))
        due = select(runs.c.id).where(runs.c.wake_at <= to_text(now), free).order_by(runs.c.wake_at).limit(1)
        with reading(self.engine) as connection:
            if connection.execute(due).first() is None:
                return None
        with self.engine.begin() as connection:
            run_id: str | None = connection.execute(due.with_for_update(skip_locked=True)).scalar()
            if run_id is not None:
                lease = {"lease_owner": token, "lease_until": to_text(now + LEASE)}
                connection.execute(update(runs).where(runs.c.id == run_id).values(lease))
        return run_id

    def _turn(self, run_id: str, token: str, now: datetime) -> bool | None:
        """Take one move, all or nothing; return whether there was one, None when the run waits or is not ours now."""
        with self.engine.begin() as connection:
            mine = select(runs).where(runs.c.id == run_id, runs.c.lease_owner == token)
            row = connection.execute(mine.with_for_update()).first()
            if row is None:
                return None
            news = News(self.moves.story, self.moves.commands)
            run = rows.load(connection, select(runs).where(runs.c.id == run_id))[0]
            news.tell(connection, run, now)
            is_moved = self._move(connection, run, row, now)
            if is_moved:
                lease: dict[str, Any] = {"lease_until": to_text(now + LEASE)}
            else:
                lease = {"lease_owner": None, "lease_until": None, "wake_at": self._wake_at(connection, run, news, now)}
            connection.execute(update(runs).where(runs.c.id == run_id).values(lease))
        return True if is_moved else None

    def _move(self, connection: Connection, run: Run, row: Row[Any], now: datetime) -> bool:
        if run.state not in (RunState.RUNNING, RunState.WAITING):
            return False
        if self._finish_step(connection, run, now):
            return True
        try:
            loaded = self._pinned(row)
        except InputError as error:
            self._end(connection, run, End(RunState.FAILED, f"this version cannot read the playbook: {error}"), now)
            return True
        move = plan(loaded.playbook, inputs_of(run), history_of(run.steps), self.moves.actions)
        return self._carry_out(connection, run, move, now)

    def _carry_out(self, connection: Connection, run: Run, move: Move, now: datetime) -> bool:
        match move:
            case Perform():
                self.moves.perform(connection, run, move, now)
            case Ask():
                self.moves.ask(connection, run, move, now)
            case Take():
                self.moves.take(connection, run, move, now)
            case Write():
                self.moves.write(connection, run, move, now)
            case Settle():
                self.moves.settle(connection, run, move, now)
            case End():
                self._end(connection, run, move, now)
            case Await():
                if run.state is not RunState.WAITING:
                    connection.execute(update(runs).where(runs.c.id == run.id).values(state=RunState.WAITING.value))
                return False
        return True

    def _end(self, connection: Connection, run: Run, end: End, now: datetime) -> None:
        changes = {"state": end.state.value, "error": end.error, "ended_at": to_text(now)}
        connection.execute(update(runs).where(runs.c.id == run.id).values(changes))
        en, vi = _ENDINGS[end.state]
        reason = f": {end.error}" if end.error else ""
        sentence = Sentence(f"Playbook {run.title} {en}{reason}", f"Kịch bản {run.title_vi} {vi}{reason}")
        self.moves.story.tell(connection, run, f"run.{end.state.value}", sentence, key="end")

    def _finish_step(self, connection: Connection, run: Run, now: datetime) -> bool:
        """Close the step the run waits for, where its answer or its end of time has come."""
        for step in run.steps:
            if step.state is StepState.WAITING:
                return self._finish_approval(connection, run, step, now)
            if step.state is StepState.RUNNING:
                return News(self.moves.story, self.moves.commands).finish(connection, run, step, now)
        return False

    def _finish_approval(self, connection: Connection, run: Run, step: Step, now: datetime) -> bool:
        query = select(approvals).where(approvals.c.run == run.id, approvals.c.path == step.path)
        row = connection.execute(query.with_for_update()).one()
        decision, note = row.decision, row.note
        if decision is None:
            if row.expires_at > to_text(now):
                return False
            decision, note = "expired", "nobody decided in time; that counts as no"
            changes = {"decision": decision, "decided_at": to_text(now), "note": note}
            connection.execute(update(approvals).where(approvals.c.id == row.id).values(changes))
            sentence = Sentence(f"Nobody decided in time: {row.ask}", f"Không ai quyết định kịp thời: {row.ask_vi}")
            self.moves.story.tell(connection, run, "approval.expired", sentence, key=step.path)
        states = {"approved": StepState.DONE, "refused": StepState.REFUSED, "expired": StepState.EXPIRED}
        result = {
            "approved": decision == "approved",
            "decision": decision,
            "decided_by": row.decided_by or "",
            "note": note,
        }
        end_step(connection, run, step.path, states[decision], now, result=result)
        return True

    def _wake_at(self, connection: Connection, run: Run, news: News, now: datetime) -> str | None:
        query = select(approvals.c.expires_at).where(approvals.c.run == run.id, approvals.c.decision.is_(None))
        moments = [from_text(text) for text in connection.execute(query).scalars()]
        of_run = select(effects).where(effects.c.run == run.id)
        moments += news.moments(connection, connection.execute(of_run).all(), now)
        return to_text(min(moments)) if moments else None

    def _pinned(self, row: Row[Any]) -> Loaded:
        loaded = self._parsed.get(row.digest)
        if loaded is None:
            loaded = language.parse(row.source, row.playbook)
            if loaded.digest != row.digest:
                raise InputError("the stored text is not the one the run began with")
            if len(self._parsed) >= MAX_PARSED:
                self._parsed.clear()
            self._parsed[row.digest] = loaded
        return loaded


def history_of(steps: Iterable[Step]) -> dict[str, Seen]:
    """Return what the plan needs to know of the steps so far."""
    return {step.path: Seen(step.state, step.result, step.error) for step in steps}


def inputs_of(run: Run) -> dict[str, Value]:
    """Return the inputs, which were typed when the run began."""
    return {name: value for name, value in run.inputs.items() if isinstance(value, str | int | float | bool | None)}
