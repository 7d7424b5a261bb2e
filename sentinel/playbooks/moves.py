"""Carries out the moves that the plan asks for, each within the transaction that also records it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from sentinel.database.tables import approvals, collectors, effects, steps
from sentinel.database.text import fit
from sentinel.errors import InputError, RefusedError
from sentinel.model.moment import to_text
from sentinel.model.run import EffectState, Run, StepState
from sentinel.playbooks.action import Action, Arguments, Sentence
from sentinel.playbooks.check import DANGER_NEEDS_APPROVAL
from sentinel.playbooks.commands import PERFORM, Commands, Order
from sentinel.playbooks.kinds import MAX_TEXT
from sentinel.playbooks.never_touch import NeverTouch
from sentinel.playbooks.plan import Ask, Perform, Settle, Take, Write
from sentinel.playbooks.story import Story

GRACE = timedelta(seconds=60)
"""How long after a command's last moment its collector may take to say how it went."""


@dataclass(frozen=True)
class Moves:
    """Everything a move needs."""

    story: Story
    commands: Commands
    never_touch: NeverTouch
    actions: Mapping[str, Action[Any]]

    def ask(self, connection: Connection, run: Run, move: Ask, now: datetime) -> None:
        """Put the question."""
        expires_at = to_text(now + move.question.expires)
        row = {
            "id": digest(run.id, move.path)[:32],
            "run": run.id,
            "path": move.path,
            "agency": run.agency,
            "role": move.question.from_.value,
            # Values from log lines stand in it, undecodable bytes among them.
            "ask": fit(move.ask, MAX_TEXT),
            "ask_vi": fit(move.ask_vi, MAX_TEXT),
            "asked_at": to_text(now),
            "expires_at": expires_at,
            "note": "",
        }
        connection.execute(insert(approvals).values(row))
        _begin(connection, run, move.path, move.name, "approve", StepState.WAITING, now)
        facts = {"approval": str(row["id"]), "expires_at": expires_at, "role": str(row["role"])}
        self.story.tell(connection, run, "approval.asked", Sentence(move.ask, move.ask_vi), key=move.path, detail=facts)

    def take(self, connection: Connection, run: Run, move: Take, now: datetime) -> None:
        """Note which way an `if` went."""
        result = {"taken": move.branch}
        _begin(connection, run, move.placed.path, move.placed.name, "if", StepState.DONE, now, result=result)

    def write(self, connection: Connection, run: Run, move: Write, now: datetime) -> None:
        """Write a note."""
        _begin(connection, run, move.placed.path, move.placed.name, "note", StepState.DONE, now)
        sentence = Sentence(move.note, move.note_vi)
        self.story.tell(connection, run, "playbook.note", sentence, key=move.placed.path, kind="note")

    def settle(self, connection: Connection, run: Run, move: Settle, now: datetime) -> None:
        """Close a step that does nothing."""
        placed = move.placed
        _begin(connection, run, placed.path, placed.name, move.what, move.state, now, error=move.error)

    def perform(self, connection: Connection, run: Run, move: Perform, now: datetime) -> None:
        """Write the intent and the command in one transaction; whoever is refused or misses something, is told."""
        step, placed = move.step, move.placed
        try:
            action, arguments = self._judge(connection, run, move)
        except (InputError, RefusedError) as error:
            state = StepState.REFUSED if isinstance(error, RefusedError) else StepState.FAILED
            _begin(connection, run, placed.path, placed.name, step.do, state, now, error=str(error))
            sentence = Sentence(
                f"Step {placed.name} was not done: {error}", f"Không thực hiện bước {placed.name}: {error}"
            )
            self.story.tell(connection, run, f"step.{state}", sentence, key=placed.path)
            return
        undo_at = to_text(now + step.ttl) if step.ttl is not None else None
        effect_id = digest(run.id, placed.path)
        row = {
            "id": effect_id,
            "run": run.id,
            "path": placed.path,
            "collector": arguments.collector,
            "action": action.name,
            "arguments": action.command(arguments),
            "state": EffectState.INTENDED.value,
            "undo_at": undo_at,
            "detail": "",
            "result": {},
        }
        connection.execute(insert(effects).values(row))
        order = Order(
            collector=arguments.collector,
            verb=PERFORM,
            action=action.name,
            arguments=action.command(arguments),
            effect=effect_id,
            run=run.id,
            step=placed.path,
            not_after=now + step.timeout,
            undo_at=undo_at,
        )
        self.commands.issue(connection, order, now)
        _begin(connection, run, placed.path, placed.name, step.do, StepState.RUNNING, now)
        detail = {"effect": effect_id, "action": action.name} | ({"undo_at": undo_at} if undo_at else {})
        self.story.tell(connection, run, "action.intended", action.sentence(arguments), key=placed.path, detail=detail)

    def _judge(self, connection: Connection, run: Run, move: Perform) -> tuple[Action[Any], Arguments]:
        action = self.actions.get(move.step.do)
        if action is None:
            raise InputError(f"this version of Sentinel has no action '{move.step.do}'")
        arguments: Arguments = action.read(move.values)
        if action.danger >= DANGER_NEEDS_APPROVAL and not move.is_approved:
            raise RefusedError(f"{action.name} is disruptive and nobody approved it")
        if action.danger and (reason := self.never_touch.refusal(arguments)):
            raise RefusedError(reason)
        row = connection.execute(select(collectors).where(collectors.c.id == arguments.collector)).first()
        if row is None or row.revoked:
            raise RefusedError(f"there is no collector {arguments.collector}, or it was revoked")
        if row.agency != run.agency:
            raise RefusedError(f"collector {row.id} belongs to {row.agency}, the incident to {run.agency}")
        if not row.can_respond:
            raise RefusedError(f"collector {row.id} was installed to monitor only; it does nothing")
        return action, arguments


def digest(run_id: str, path: str) -> str:
    """Return the key by which an effect happens once: the same run and step always give the same."""
    return hashlib.sha256(f"{run_id}/{path}".encode()).hexdigest()


def _begin(
    connection: Connection,
    run: Run,
    path: str,
    name: str,
    what: str,
    state: StepState,
    now: datetime,
    *,
    result: Mapping[str, object] | None = None,
    error: str = "",
) -> None:
    is_over = state not in (StepState.RUNNING, StepState.WAITING)
    row = {
        "run": run.id,
        "path": path,
        "position": len(run.steps),
        "id": name,
        "what": what,
        "state": state.value,
        "started_at": to_text(now),
        "ended_at": to_text(now) if is_over else None,
        "result": dict(result or {}),
        "error": fit(error, MAX_TEXT),
    }
    connection.execute(insert(steps).values(row))


def end_step(
    connection: Connection,
    run: Run,
    path: str,
    state: StepState,
    now: datetime,
    *,
    result: Mapping[str, object] | None = None,
    error: str = "",
) -> None:
    """Close a step that was begun."""
    ended = {"state": state.value, "ended_at": to_text(now)}
    changes = ended | {"result": dict(result or {}), "error": fit(error, MAX_TEXT)}
    connection.execute(update(steps).where(steps.c.run == run.id, steps.c.path == path).values(changes))
