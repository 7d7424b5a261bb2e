"""Ways back that people take: undo one effect before its time, cancel a run."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from sentinel.database.tables import effects, runs, steps
from sentinel.database.text import fit
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.model.moment import to_text
from sentinel.model.principal import Principal, Role
from sentinel.model.run import Effect, EffectState, Run, RunState, StepState
from sentinel.playbooks import rows
from sentinel.playbooks.action import Sentence
from sentinel.playbooks.approve import MAX_NOTE, close_open
from sentinel.playbooks.commands import MAX_LIFE, UNDO, Commands, Order
from sentinel.playbooks.story import Story


def undo(
    connection: Connection,
    story: Story,
    commands: Commands,
    principal: Principal,
    effect_id: str,
    *,
    why: str,
    now: datetime,
) -> None:
    """Order the undo of an effect, or withdraw the command where nobody has fetched it, in the caller's transaction.

    Raises `InputError` where there is no such effect in scope, `RefusedError` where the role is too small or the
    effect has no way back, and `ConflictError` where it is undone already or on its way.
    """
    run, effect = _find(connection, principal, effect_id)
    _may_undo(principal, effect)
    reason = fit(why, MAX_NOTE)
    wake = update(runs).where(runs.c.id == run.id).values(wake_at=to_text(now))
    if commands.withdraw(connection, effect.id):
        _nothing_was_done(connection, effect, f"withdrawn by {principal.name} before the collector fetched it")
    elif (last := commands.last_moment(connection, effect.id, UNDO)) is not None and last > now:
        raise ConflictError("the undo was ordered already; the collector has yet to answer")
    else:
        order = Order(
            collector=effect.collector,
            verb=UNDO,
            action=effect.action,
            arguments=effect.arguments,
            effect=effect.id,
            run=run.id,
            step=effect.path,
            not_after=now + MAX_LIFE,
            undo_at=None,
        )
        commands.issue(connection, order, now)
    connection.execute(wake)
    sentence = Sentence(f"Undo of {effect.action} ordered", f"Đã yêu cầu hoàn tác {effect.action}")
    key = f"{effect.id}/{to_text(now)}"
    detail = {"effect": effect.id, "action": effect.action}
    story.tell(
        connection, run, "effect.undo_ordered", sentence, key=key, actor=principal.name, why=reason, detail=detail
    )


def cancel(
    connection: Connection,
    story: Story,
    commands: Commands,
    principal: Principal,
    run_id: str,
    *,
    why: str,
    now: datetime,
) -> None:
    """Stop a run: nothing more begins, what nobody has fetched is withdrawn, what is done stays until its undo."""
    found = rows.load(connection, rows.in_scope(principal.scope).where(runs.c.id == run_id).with_for_update())
    if not found:
        raise InputError("there is no such run among those you may see")
    run = found[0]
    if not principal.role.includes(Role.OPERATOR):
        raise RefusedError(f"cancelling a run needs the role operator; you are {principal.role}")
    if run.state not in (RunState.RUNNING, RunState.WAITING):
        raise ConflictError(f"the run is {run.state} already")
    for effect in run.effects:
        if commands.withdraw(connection, effect.id):
            _nothing_was_done(connection, effect, f"the run was cancelled by {principal.name}")
    close_open(connection, run, why, principal.name, now)
    unfinished = (steps.c.run == run.id, steps.c.state.in_((StepState.RUNNING.value, StepState.WAITING.value)))
    stopped = {"state": StepState.SKIPPED.value, "ended_at": to_text(now), "error": "the run was cancelled"}
    connection.execute(update(steps).where(*unfinished).values(stopped))
    changes = {
        "state": RunState.CANCELLED.value,
        "ended_at": to_text(now),
        "error": fit(f"cancelled by {principal.name}: {why}", MAX_NOTE),
        "wake_at": to_text(now),
    }
    connection.execute(update(runs).where(runs.c.id == run.id).values(changes))
    sentence = Sentence(f"Playbook {run.title} cancelled", f"Kịch bản {run.title_vi} đã bị hủy")
    reason = fit(why, MAX_NOTE)
    story.tell(connection, run, "run.cancelled", sentence, key="end", actor=principal.name, why=reason)


def _find(connection: Connection, principal: Principal, effect_id: str) -> tuple[Run, Effect]:
    query = rows.in_scope(principal.scope).join(effects, effects.c.run == runs.c.id).where(effects.c.id == effect_id)
    found = rows.load(connection, query.with_for_update(of=runs))
    if not found:
        raise InputError("there is no such effect among those you may see")
    row = connection.execute(select(effects).where(effects.c.id == effect_id).with_for_update()).one()
    return found[0], rows.effect(row)


def _may_undo(principal: Principal, effect: Effect) -> None:
    if not principal.role.includes(Role.RESPONDER):
        raise RefusedError(f"undoing an effect needs the role responder; you are {principal.role}")
    if effect.undo_at is None:
        raise RefusedError(f"'{effect.action}' has left nothing that could be undone")
    if effect.state in (EffectState.UNDONE, EffectState.REFUSED):
        raise ConflictError(f"the effect is {effect.state} already")


def _nothing_was_done(connection: Connection, effect: Effect, detail: str) -> None:
    changes = {"state": EffectState.FAILED.value, "detail": detail, "undo_at": None}
    connection.execute(update(effects).where(effects.c.id == effect.id).values(changes))
