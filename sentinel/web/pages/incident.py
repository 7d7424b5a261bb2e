"""One incident: timeline, alerts, playbook runs with their effects, and the decisions people make on them."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import Response

from sentinel.model import moment
from sentinel.model.alert import CloseReason
from sentinel.model.incident import Incident
from sentinel.model.principal import Principal, Role
from sentinel.model.run import Approval, Effect, EffectState, Run
from sentinel.web.faults import NotFoundError
from sentinel.web.services import Services
from sentinel.web.show import back_to, page
from sentinel.web.visitor import Behind, FormOperator, FormResponder, Reader

router = APIRouter()

Id = Annotated[str, Path(max_length=64)]
Text = Annotated[str, Form(max_length=4000)]
UNDOABLE = (EffectState.EXECUTED, EffectState.VERIFIED, EffectState.UNDO_FAILED)
MAX_ALERTS = 100
MAX_RUNS = 500
"""More than any incident has: each playbook runs on it 20 times at most."""


@router.get("/incidents/{incident_id}")
def incident(request: Request, behind: Behind, who: Reader, incident_id: Id) -> Response:
    """Show one incident of the reader's scope."""
    found = get_incident(behind, who, incident_id)
    runs = behind.runs.find(who.scope, incident=found.id, limit=MAX_RUNS)
    alerts = behind.alerts.find(who.scope, incident=found.id, limit=MAX_ALERTS).alerts

    collectors = {collector.id: collector for collector in behind.identities.find(who.scope)} if runs else {}

    def may_answer(approval: Approval) -> bool:
        return approval.role in set(Role) and who.role.includes(Role(approval.role))

    def actor(name: str) -> str:
        found = collectors.get(name.removeprefix("collector:"))
        return found.host if found else name

    return page(
        request,
        "incident.html",
        incident=found,
        alerts=alerts,
        titles={alert.id: (alert.title, alert.title_vi) for alert in alerts},
        timeline=behind.incidents.timeline(who.scope, found.id),
        runs=runs,
        collectors=collectors,
        actor=actor,
        undoable=UNDOABLE,
        reasons=tuple(CloseReason),
        may_answer=may_answer,
        now=moment.to_text(moment.now()),
        agencies={agency.id: agency for agency in behind.agencies.all()},
        may_triage=who.role.includes(Role.OPERATOR),
        may_respond=who.role.includes(Role.RESPONDER),
    )


@router.post("/incidents/{incident_id}/notes")
def note(behind: Behind, who: FormOperator, incident_id: Id, text: Text) -> Response:
    """Write a note into the timeline."""
    get_incident(behind, who, incident_id)
    behind.incidents.note(who, incident_id, text)
    return back_to(f"/incidents/{incident_id}", "noted")


@router.post("/incidents/{incident_id}/close")
def close(
    behind: Behind,
    who: FormOperator,
    incident_id: Id,
    note: Text = "",
    reason: Annotated[CloseReason, Form()] = CloseReason.RESOLVED,
) -> Response:
    """Close the incident and its open alerts."""
    get_incident(behind, who, incident_id)
    behind.incidents.close(who, incident_id, note, reason)
    return back_to(f"/incidents/{incident_id}", "incident-closed")


@router.post("/incidents/{incident_id}/approvals/{approval_id}")
def decide(
    behind: Behind,
    who: FormOperator,
    incident_id: Id,
    approval_id: Id,
    approved: Annotated[bool, Form()],
    note: Text = "",
) -> Response:
    """Answer a playbook's question."""
    found = get_approval(behind, who, incident_id, approval_id)
    behind.runs.decide(who, found.id, approved=approved, note=note, now=moment.now())
    behind.wake_runs.set()
    return back_to(f"/incidents/{incident_id}", "approved" if approved else "refused")


@router.post("/incidents/{incident_id}/effects/{effect_id}/undo")
def undo(behind: Behind, who: FormResponder, incident_id: Id, effect_id: Id, why: Text = "") -> Response:
    """Order the undo of an effect before its time."""
    found = get_effect(behind, who, incident_id, effect_id)
    behind.runs.undo(who, found.id, why)
    behind.wake_runs.set()
    return back_to(f"/incidents/{incident_id}", "undoing")


@router.post("/incidents/{incident_id}/runs/{run_id}/cancel")
def cancel(behind: Behind, who: FormResponder, incident_id: Id, run_id: Id, why: Text = "") -> Response:
    """Stop a run; what it did stays until its undo."""
    get_run(behind, who, incident_id, run_id)
    behind.runs.cancel(who, run_id, why)
    behind.wake_runs.set()
    return back_to(f"/incidents/{incident_id}", "cancelled")


def get_incident(behind: Services, who: Principal, incident_id: str) -> Incident:
    """Return the incident; raise `NotFoundError` where there is none in scope."""
    found = behind.incidents.get(who.scope, incident_id)
    if found is None:
        raise NotFoundError("there is no such incident among those you may see")
    return found


def get_run(behind: Services, who: Principal, incident_id: str, run_id: str) -> Run:
    """Return the run of that incident; raise `NotFoundError` where there is none in scope."""
    found = behind.runs.get(who.scope, run_id)
    if found is None or found.incident != incident_id:
        raise NotFoundError("there is no such run among those you may see")
    return found


def get_approval(behind: Services, who: Principal, incident_id: str, approval_id: str) -> Approval:
    """Return the approval of that incident; raise `NotFoundError` where there is none in scope."""
    for run in behind.runs.find(who.scope, incident=incident_id, limit=MAX_RUNS):
        for approval in run.approvals:
            if approval.id == approval_id:
                return approval
    raise NotFoundError("there is no such approval among those you may see")


def get_effect(behind: Services, who: Principal, incident_id: str, effect_id: str) -> Effect:
    """Return the effect of that incident; raise `NotFoundError` where there is none in scope."""
    run = behind.runs.of_effect(who.scope, effect_id)
    if run is not None and run.incident == incident_id:
        return next(effect for effect in run.effects if effect.id == effect_id)
    raise NotFoundError("there is no such effect among those you may see")
