"""Decisions of people: once, in time, by somebody with the role and the scope, with a note in the audit log."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from sentinel.database.tables import approvals, runs
from sentinel.database.text import fit
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.model.moment import to_text
from sentinel.model.principal import Principal, Role
from sentinel.model.run import Approval, Run, RunState
from sentinel.playbooks import rows
from sentinel.playbooks.action import Sentence
from sentinel.playbooks.story import Story

MAX_NOTE = 2_000


def decide(
    connection: Connection,
    story: Story,
    principal: Principal,
    approval_id: str,
    *,
    approved: bool,
    note: str,
    now: datetime,
) -> Approval:
    """Write a decision and wake its run, as part of the caller's transaction; return the decided approval.

    Raises `InputError` where there is no such question in scope, `RefusedError` where the role is too small or who
    approves has started the run, and `ConflictError` where it is decided, too late or no longer needed.
    """
    run = _locked_run(connection, principal, approval_id)
    row = connection.execute(select(approvals).where(approvals.c.id == approval_id).with_for_update()).one()
    if not principal.role.includes(Role(row.role)):
        raise RefusedError(f"deciding this needs the role {row.role}; you are {principal.role}")
    if approved and run.started_by == principal.name:
        raise RefusedError("you started this run, so somebody else must approve its steps")
    if row.decision is not None:
        raise ConflictError(f"this was {row.decision} by {row.decided_by or 'nobody'} already")
    if run.state not in (RunState.RUNNING, RunState.WAITING):
        raise ConflictError(f"the run is {run.state} already")
    if row.expires_at <= to_text(now):
        raise ConflictError(f"the question expired at {row.expires_at}")
    decision = "approved" if approved else "refused"
    changes = {
        "decision": decision,
        "decided_by": principal.name,
        "decided_at": to_text(now),
        "note": fit(note, MAX_NOTE),
    }
    still_open = (approvals.c.id == approval_id, approvals.c.decision.is_(None))
    if connection.execute(update(approvals).where(*still_open).values(changes)).rowcount != 1:
        raise ConflictError("somebody else decided this just now")
    connection.execute(update(runs).where(runs.c.id == run.id).values(wake_at=to_text(now)))
    words = ("Approved", "Đã duyệt") if approved else ("Refused", "Đã từ chối")
    sentence = Sentence(f"{words[0]}: {row.ask}", f"{words[1]}: {row.ask_vi}")
    facts = {"approval": approval_id}
    actor = principal.name
    story.tell(
        connection, run, f"approval.{decision}", sentence, key=row.path, actor=actor, why=changes["note"], detail=facts
    )
    return rows.approval(connection.execute(select(approvals).where(approvals.c.id == approval_id)).one())


def close_open(connection: Connection, run: Run, why: str, actor: str, now: datetime) -> None:
    """Refuse every open question of a run that is over."""
    still_open = (approvals.c.run == run.id, approvals.c.decision.is_(None))
    changes = {"decision": "refused", "decided_by": actor, "decided_at": to_text(now), "note": fit(why, MAX_NOTE)}
    connection.execute(update(approvals).where(*still_open).values(changes))


def _locked_run(connection: Connection, principal: Principal, approval_id: str) -> Run:
    query = rows.in_scope(principal.scope).join(approvals, approvals.c.run == runs.c.id)
    mine = query.where(approvals.c.id == approval_id, approvals.c.agency.in_(sorted(principal.scope)))
    found = rows.load(connection, mine.with_for_update(of=runs))
    if not found:
        raise InputError("there is no such question among those you may see")
    return found[0]
