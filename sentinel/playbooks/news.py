"""What became of effects: told once each, closing the step that waited, noticing silence and overdue undos."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from sentinel.database.tables import effects
from sentinel.model.moment import from_text, to_text
from sentinel.model.run import EffectState, Run, Step, StepState
from sentinel.playbooks.action import Sentence
from sentinel.playbooks.commands import PERFORM, UNDO, Commands
from sentinel.playbooks.moves import GRACE, end_step
from sentinel.playbooks.story import Story

UNDO_GRACE = timedelta(minutes=2)
"""How long after its time an undo may stay unconfirmed before people are told."""
_PENDING = (EffectState.INTENDED, EffectState.ACKNOWLEDGED, EffectState.EXECUTED)
_ON_THE_MACHINE = (EffectState.EXECUTED, EffectState.VERIFIED, EffectState.FAILED, EffectState.UNDO_FAILED)
_TOLD = {
    EffectState.VERIFIED: ("done and verified", "đã thực hiện và kiểm chứng"),
    EffectState.FAILED: ("failed", "thất bại"),
    EffectState.REFUSED: ("refused by the collector", "bị bộ thu thập từ chối"),
    EffectState.UNDONE: ("undone", "đã hoàn tác"),
    EffectState.UNDO_FAILED: ("could not be undone", "không hoàn tác được"),
}


@dataclass(frozen=True)
class News:
    """Reads the effects of one run and says what is new."""

    story: Story
    commands: Commands

    def tell(self, connection: Connection, run: Run, now: datetime) -> None:
        """Tell what happened to the run's effects since the last time."""
        query = select(effects).where(effects.c.run == run.id).with_for_update()
        for row in connection.execute(query).all():
            self._expire(connection, run, row, now)
            marks = dict(row.result)
            state = EffectState(row.state)
            told = f"{state.value}|{row.detail}"
            if state in _TOLD and marks.get("told") != told:
                marks["told"] = told
                self._say(connection, run, row, f"effect.{state.value}", *_TOLD[state], key=told)
            if _is_overdue(row, now) and not marks.get("overdue"):
                marks["overdue"] = True
                said = ("should be undone by now; the collector has not confirmed it", "đến hạn nhưng chưa hoàn tác")
                self._say(connection, run, row, "effect.undo_overdue", *said, key=row.id)
            if marks != row.result:
                connection.execute(update(effects).where(effects.c.id == row.id).values(result=marks))

    def finish(self, connection: Connection, run: Run, step: Step, now: datetime) -> bool:
        """Close the action step that waits for its effect, where there is an answer or no hope of one."""
        query = select(effects).where(effects.c.run == run.id, effects.c.path == step.path)
        row = connection.execute(query).one()
        state = EffectState(row.state)
        result = {
            "state": state.value,
            "verified": row.verified_at is not None,
            "detail": row.detail,
            "result": row.result.get("agent", {}),
        }
        if state in _PENDING:
            last = self.commands.last_moment(connection, row.id, PERFORM)
            if last is not None and now < last + GRACE:
                return False
            error = "the collector did not say in time how it went; what it did is not known"
            end_step(connection, run, step.path, StepState.FAILED, now, result=result, error=error)
            sentence = Sentence(
                f"{row.action}: {error}", f"{row.action}: bộ thu thập không trả lời kịp, chưa rõ kết quả"
            )
            self.story.tell(connection, run, "effect.silent", sentence, key=row.id, detail={"effect": row.id})
            return True
        ended = {EffectState.FAILED: StepState.FAILED, EffectState.REFUSED: StepState.REFUSED}
        error = row.detail if state in ended else ""
        end_step(connection, run, step.path, ended.get(state, StepState.DONE), now, result=result, error=error)
        return True

    def moments(self, connection: Connection, found: Sequence[Row[Any]], now: datetime) -> list[datetime]:
        """Return when these effects must be looked at again although nobody says anything."""
        moments: list[datetime] = []
        for row in found:
            for verb in (PERFORM, UNDO):
                last = self.commands.last_moment(connection, row.id, verb)
                if last is not None:
                    moments += [moment for moment in (last, last + GRACE) if moment > now][:1]
            if _may_be_due(row) and not row.result.get("overdue"):
                moments.append(max(from_text(row.undo_at) + UNDO_GRACE, now))
        return moments

    def _expire(self, connection: Connection, run: Run, row: Row[Any], now: datetime) -> None:
        for verb in self.commands.expire(connection, row.id, now):
            if verb == UNDO:
                said = (
                    "was not undone: the collector did not fetch the command in time; ask again",
                    "chưa hoàn tác được",
                )
                self._say(connection, run, row, "effect.undo_not_fetched", *said, key=f"{row.id}/{to_text(now)}")
                continue
            detail = "the collector did not fetch the command in time; nothing was done"
            changes = {"state": EffectState.FAILED.value, "detail": detail, "undo_at": None}
            connection.execute(update(effects).where(effects.c.id == row.id).values(changes))

    def _say(self, connection: Connection, run: Run, row: Row[Any], code: str, en: str, vi: str, *, key: str) -> None:
        detail = f" ({row.detail})" if row.detail else ""
        sentence = Sentence(f"{row.action} {en}{detail}", f"{row.action} {vi}{detail}")
        actor = f"collector:{row.collector}"
        facts = {"effect": row.id, "action": row.action}
        self.story.tell(connection, run, code, sentence, key=f"{row.id}/{key}", actor=actor, detail=facts)


def _may_be_due(row: Row[Any]) -> bool:
    if row.undo_at is None or EffectState(row.state) not in _ON_THE_MACHINE:
        return False
    said = row.result.get("agent")
    return not (row.state == EffectState.FAILED and isinstance(said, dict) and said.get("nothing_done") is True)


def _is_overdue(row: Row[Any], now: datetime) -> bool:
    return _may_be_due(row) and from_text(row.undo_at) + UNDO_GRACE <= now
