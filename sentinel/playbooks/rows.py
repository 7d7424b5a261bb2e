"""Turns rows of runs, steps, approvals and effects into values."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from sentinel.database.tables import approvals, effects, runs, steps
from sentinel.model.agency import Scope
from sentinel.model.run import Approval, Effect, EffectState, Run, RunState, Step, StepState

RunRow = Row[Any]


def load(connection: Connection, query: Select[Any]) -> list[Run]:
    """Return the runs whose rows `query` selects, each with its steps, approvals and effects."""
    found = connection.execute(query).all()
    ids = [row.id for row in found]
    step_rows = _by_run(connection, select(steps).where(steps.c.run.in_(ids)).order_by(steps.c.position))
    asked = _by_run(connection, select(approvals).where(approvals.c.run.in_(ids)).order_by(approvals.c.asked_at))
    done = _by_run(connection, select(effects).where(effects.c.run.in_(ids)).order_by(effects.c.path))
    return [run(row, step_rows[row.id], asked[row.id], done[row.id]) for row in found]


def in_scope(scope: Scope) -> Select[Any]:
    """Return the query for runs of agencies in scope."""
    return select(runs).where(runs.c.agency.in_(sorted(scope)))


def run(row: RunRow, step_rows: Sequence[RunRow], asked: Sequence[RunRow], done: Sequence[RunRow]) -> Run:
    """Return a run made of its rows."""
    return Run(
        id=row.id,
        playbook=row.playbook,
        version=row.version,
        digest=row.digest,
        title=row.title,
        title_vi=row.title_vi,
        incident=row.incident,
        agency=row.agency,
        state=RunState(row.state),
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        inputs=row.inputs,
        error=row.error,
        steps=tuple(step(item) for item in step_rows),
        approvals=tuple(approval(item) for item in asked),
        effects=tuple(effect(item) for item in done),
    )


def step(row: RunRow) -> Step:
    """Return a step made of its row."""
    return Step(
        path=row.path,
        id=row.id,
        what=row.what,
        state=StepState(row.state),
        started_at=row.started_at,
        ended_at=row.ended_at,
        result=row.result,
        error=row.error,
    )


def approval(row: RunRow) -> Approval:
    """Return an approval made of its row."""
    return Approval(
        id=row.id,
        run=row.run,
        path=row.path,
        role=row.role,
        ask=row.ask,
        ask_vi=row.ask_vi,
        expires_at=row.expires_at,
        decision=row.decision,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
    )


def effect(row: RunRow) -> Effect:
    """Return an effect made of its row."""
    return Effect(
        id=row.id,
        run=row.run,
        path=row.path,
        collector=row.collector,
        action=row.action,
        arguments=row.arguments,
        state=EffectState(row.state),
        undo_at=row.undo_at,
        verified_at=row.verified_at,
        undone_at=row.undone_at,
        detail=row.detail,
    )


def _by_run(connection: Connection, query: Select[Any]) -> dict[str, list[RunRow]]:
    found: dict[str, list[RunRow]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.run].append(row)
    return found
