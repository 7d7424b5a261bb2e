"""Runs of playbooks: started by alerts or people, moved on by workers, decided on, undone and cancelled by people."""

import hashlib
import json
import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.dialect import insert_new
from sentinel.database.tables import approvals, effects, incidents, runs
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.model import moment
from sentinel.model.agency import Scope
from sentinel.model.alert import Alert
from sentinel.model.incident import Incident
from sentinel.model.moment import to_text
from sentinel.model.principal import Principal
from sentinel.model.run import Approval, Run, RunState
from sentinel.playbooks import approve, inputs, rows
from sentinel.playbooks import undo as undoing
from sentinel.playbooks.action import Action, Sentence
from sentinel.playbooks.actions import ACTIONS
from sentinel.playbooks.commands import Commands
from sentinel.playbooks.kinds import Value
from sentinel.playbooks.language import Loaded
from sentinel.playbooks.library import Library
from sentinel.playbooks.moves import Moves
from sentinel.playbooks.never_touch import NeverTouch
from sentinel.playbooks.story import SYSTEM, Story, Timeline
from sentinel.playbooks.worker import Worker

MAX_PAGE = 500
MAX_PER_INCIDENT = 20
"""Runs of one playbook on one incident; more would only flood people with questions."""


class Runs:
    """All runs; safe from any number of threads and processes on the same tables."""

    def __init__(
        self,
        engine: Engine,
        audit: Audit,
        incidents: Timeline,
        library: Library,
        commands: Commands,
        *,
        never_touch: Sequence[str] = (),
        wake: threading.Event | None = None,
        actions: Mapping[str, Action[Any]] = ACTIONS,
    ) -> None:
        """Run the playbooks of `library`.

        `never_touch` lists networks, paths and accounts beside those that are always out of reach, among them the
        server's own addresses; `wake` is set when runs can move.
        """
        self._engine = engine
        self._library = library
        self._commands = commands
        self._story = Story(audit, incidents)
        self._wake = wake
        self._worker = Worker(engine, Moves(self._story, commands, NeverTouch.of(never_touch), actions))

    def trigger(self, incident: Incident, alert: Alert, now: datetime | None = None) -> list[str]:
        """Start every playbook that the alert asks for; return the run ids.

        There is one run per incident, playbook version and value of the inputs it is `once-per`.
        A playbook whose required inputs the alert does not hold is not started; the timeline says so.
        """
        started = [self._trigger(loaded, incident, alert, now or moment.now()) for loaded in self._fitting(alert)]
        self._ring()
        return [run_id for run_id in started if run_id is not None]

    def start(
        self,
        principal: Principal,
        playbook_id: str,
        incident_id: str,
        inputs_given: Mapping[str, object],
        now: datetime | None = None,
    ) -> str:
        """Start a run by hand and return its id; whoever starts it approves none of its steps.

        Raises `InputError` for an unknown playbook, incident or input, `RefusedError` where the role is too small and
        `ConflictError` where the playbook is at work on the incident already, or has been too often.
        """
        loaded = self._library.playbooks.get(playbook_id)
        if loaded is None:
            raise InputError(f"there is no playbook '{playbook_id}'; there are: {', '.join(self._library.playbooks)}")
        manual = [trigger.manual for trigger in loaded.playbook.triggers if trigger.manual is not None]
        if not any(principal.role.includes(role) for trigger in manual for role in trigger.roles):
            raise RefusedError(f"your role ({principal.role}) may not start playbook '{playbook_id}' by hand")
        values = inputs.from_person(loaded.playbook, inputs_given)
        run_id = uuid.uuid4().hex
        with self._engine.begin() as connection:
            query = select(incidents.c.agency).where(incidents.c.id == incident_id)
            mine = query.where(incidents.c.agency.in_(sorted(principal.scope)))
            # Two that start it together wait for each other, or both would be the only one.
            agency = connection.execute(mine.with_for_update(key_share=True)).scalar()
            if agency is None:
                raise InputError("there is no such incident among those you may see")
            self._no_other(connection, loaded, incident_id)
            if self._count(connection, loaded, incident_id) >= MAX_PER_INCIDENT:
                raise ConflictError(
                    f"playbook '{playbook_id}' has run {MAX_PER_INCIDENT} times on this incident already"
                )
            row = _row(run_id, loaded, incident_id, agency, values, now or moment.now())
            connection.execute(insert(runs).values(row | {"started_by": principal.name}))
            self._tell_start(connection, run_id, loaded, actor=principal.name, detail={})
        self._ring()
        return run_id

    def work(self, now: datetime) -> int:
        """Move every run that can move; return the number of moves. Call it in a loop, from any number of places."""
        return self._worker.work(now)

    def find(
        self,
        scope: Scope,
        *,
        incident: str | None = None,
        state: RunState | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Run]:
        """Return runs in scope, newest first."""
        query = rows.in_scope(scope).order_by(runs.c.started_at.desc(), runs.c.id)
        if incident is not None:
            query = query.where(runs.c.incident == incident)
        if state is not None:
            query = query.where(runs.c.state == state.value)
        with reading(self._engine) as connection:
            return rows.load(connection, query.limit(min(limit, MAX_PAGE)).offset(offset))

    def get(self, scope: Scope, run_id: str) -> Run | None:
        """Return the run, or None where there is none in scope."""
        with reading(self._engine) as connection:
            found = rows.load(connection, rows.in_scope(scope).where(runs.c.id == run_id))
        return found[0] if found else None

    def of_effect(self, scope: Scope, effect_id: str) -> Run | None:
        """Return the run that made the effect, or None where there is none in scope."""
        made = rows.in_scope(scope).join(effects, effects.c.run == runs.c.id).where(effects.c.id == effect_id)
        with reading(self._engine) as connection:
            found = rows.load(connection, made)
        return found[0] if found else None

    def waiting(self, scope: Scope, now: datetime | None = None) -> list[tuple[Approval, Run]]:
        """Return the open questions in scope that have not expired, those that expire first in front."""
        query = select(approvals).where(approvals.c.agency.in_(sorted(scope)), approvals.c.decision.is_(None))
        due = query.where(approvals.c.expires_at > to_text(now or moment.now())).order_by(approvals.c.expires_at)
        with reading(self._engine) as connection:
            asked = [rows.approval(row) for row in connection.execute(due.limit(MAX_PAGE))]
            ids = {approval.run for approval in asked}
            found = {run.id: run for run in rows.load(connection, rows.in_scope(scope).where(runs.c.id.in_(ids)))}
        return [(approval, found[approval.run]) for approval in asked if approval.run in found]

    def decide(
        self, principal: Principal, approval_id: str, *, approved: bool, note: str, now: datetime | None = None
    ) -> Approval:
        """Decide a question, once; see `approve.decide` for the errors."""
        with self._engine.begin() as connection:
            at = now or moment.now()
            decided = approve.decide(
                connection, self._story, principal, approval_id, approved=approved, note=note, now=at
            )
        self._ring()
        return decided

    def undo(self, principal: Principal, effect_id: str, why: str, now: datetime | None = None) -> None:
        """Order the undo of an effect; see `undo.undo` for the errors."""
        with self._engine.begin() as connection:
            at = now or moment.now()
            undoing.undo(connection, self._story, self._commands, principal, effect_id, why=why, now=at)
        self._commands.announce()
        self._ring()

    def cancel(self, principal: Principal, run_id: str, why: str, now: datetime | None = None) -> None:
        """Stop a run; see `undo.cancel` for what happens to its effects and for the errors."""
        with self._engine.begin() as connection:
            at = now or moment.now()
            undoing.cancel(connection, self._story, self._commands, principal, run_id, why=why, now=at)
        self._ring()

    def _fitting(self, alert: Alert) -> list[Loaded]:
        return list(self._library.started_by(alert))

    def _trigger(self, loaded: Loaded, incident: Incident, alert: Alert, now: datetime) -> str | None:
        filled = inputs.from_alert(loaded.playbook, alert)
        run_id = _run_id(loaded, incident.id, filled.values)
        missing = filled.missing
        with self._engine.begin() as connection:
            connection.execute(
                select(incidents.c.id).where(incidents.c.id == incident.id).with_for_update(key_share=True)
            )
            if connection.execute(select(runs.c.id).where(runs.c.id == run_id)).first() is not None:
                return run_id
            if not missing and self._count(connection, loaded, incident.id) >= MAX_PER_INCIDENT:
                missing = (f"this incident has {MAX_PER_INCIDENT} runs of it already; look at the incident as a whole",)
            if missing:
                self._tell_missing(connection, run_id, loaded, incident, missing)
                return None
            insert_new(connection, runs, [_row(run_id, loaded, incident.id, incident.agency, filled.values, now)])
            detail = {"alert": alert.id} | ({"left_out": "; ".join(filled.left_out)} if filled.left_out else {})
            self._tell_start(connection, run_id, loaded, actor=SYSTEM, detail=detail)
        return run_id

    def _tell_start(
        self, connection: Connection, run_id: str, loaded: Loaded, *, actor: str, detail: Mapping[str, str]
    ) -> None:
        run = rows.load(connection, select(runs).where(runs.c.id == run_id))[0]
        sentence = Sentence(f"Playbook {run.title} started", f"Kịch bản {run.title_vi} đã bắt đầu")
        detail = {**detail, "version": str(run.version), "digest": loaded.digest}
        self._story.tell(connection, run, "run.started", sentence, key="start", actor=actor, detail=detail)

    def _tell_missing(
        self, connection: Connection, run_id: str, loaded: Loaded, incident: Incident, missing: Sequence[str]
    ) -> None:
        reason = "; ".join(missing)
        self._story.timeline.append(
            incident.id,
            key=hashlib.sha256(f"{run_id}/run.not_started/{reason}".encode()).hexdigest(),
            kind="action",
            actor=SYSTEM,
            code="run.not_started",
            text=f"Playbook {loaded.playbook.title} was not started: {reason}",
            facts={
                "text_vi": f"Kịch bản {loaded.playbook.title_vi} chưa bắt đầu: {reason}",
                "playbook": loaded.playbook.playbook,
            },
            connection=connection,
        )

    def _no_other(self, connection: Connection, loaded: Loaded, incident_id: str) -> None:
        active = (RunState.RUNNING.value, RunState.WAITING.value)
        query = select(runs.c.id).where(runs.c.incident == incident_id, runs.c.playbook == loaded.playbook.playbook)
        if connection.execute(query.where(runs.c.state.in_(active)).limit(1)).first() is not None:
            raise ConflictError(f"playbook '{loaded.playbook.playbook}' is at work on this incident already")

    def _count(self, connection: Connection, loaded: Loaded, incident: str) -> int:
        mine = (runs.c.incident == incident, runs.c.playbook == loaded.playbook.playbook)
        count: int = connection.execute(select(func.count()).where(*mine)).scalar_one()
        return count

    def _ring(self) -> None:
        if self._wake is not None:
            self._wake.set()


def _run_id(loaded: Loaded, incident: str, values: Mapping[str, Value]) -> str:
    """Return the id of the one run of this playbook version on this incident and what the run is once per."""
    playbook = loaded.playbook
    once_per = [values.get(name) for name in playbook.once_per]
    subject = f"/{json.dumps(once_per)}" if once_per else ""
    return hashlib.sha256(f"{incident}/{playbook.playbook}/{playbook.version}{subject}".encode()).hexdigest()[:32]


def _row(
    run_id: str, loaded: Loaded, incident: str, agency: str, values: Mapping[str, Value], now: datetime
) -> dict[str, object]:
    """Return the row of a new run, pinned to the playbook's text."""
    return {
        "id": run_id,
        "playbook": loaded.playbook.playbook,
        "version": loaded.playbook.version,
        "digest": loaded.digest,
        "source": loaded.text,
        "title": loaded.playbook.title,
        "title_vi": loaded.playbook.title_vi,
        "incident": incident,
        "agency": agency,
        "state": RunState.RUNNING.value,
        "inputs": dict(values),
        "error": "",
        "started_at": to_text(now),
        "wake_at": to_text(now),
    }
