"""One rule: what it looks for, what to do when it fires, what it did, and whether it may."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import Response

from sentinel.model.principal import Role
from sentinel.model.rule_state import RuleState
from sentinel.web.readable import shown
from sentinel.web.rules import INHERITED, decide, parse_state, row
from sentinel.web.show import back_to, page
from sentinel.web.visitor import Behind, FormAdministrator, Reader

router = APIRouter()

Id = Annotated[str, Path(max_length=64)]
MAX_ALERTS = 10
MAX_TEXT_CHARACTERS = 60_000


@router.get("/rules/{rule_id}")
def rule(request: Request, behind: Behind, who: Reader, rule_id: Id) -> Response:
    """Show one rule to anybody, and of its work what lies in the reader's scope."""
    found = row(behind, who, rule_id)
    text = behind.rules.text(rule_id)
    return page(
        request,
        "rule.html",
        row=found,
        rule=found.rule,
        text=None if text is None else shown(text[:MAX_TEXT_CHARACTERS]),
        decisions=behind.rule_states.about(rule_id, who.scope, who.agency),
        alerts=behind.alerts.find(who.scope, rule_id=rule_id, limit=MAX_ALERTS).alerts,
        agencies={agency.id: agency for agency in behind.agencies.all()},
        own=[agency for agency in behind.agencies.all() if agency.id in who.scope and agency.valid_to is None],
        choices=(*RuleState, INHERITED),
        may_decide=who.role.includes(Role.ADMINISTRATOR),
    )


@router.post("/rules/{rule_id}/state")
def set_state(
    behind: Behind,
    who: FormAdministrator,
    rule_id: Id,
    state: Annotated[str, Form(max_length=20)],
    agency: Annotated[str, Form(max_length=64)] = "",
    why: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Decide about the rule in an agency and all below it."""
    decide(behind, who, rule_id, agency, parse_state(state), why)
    return back_to(f"/rules/{rule_id}", "rule-state")
