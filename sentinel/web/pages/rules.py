"""The rules in force: which fire, which are in shadow, which could not be read."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from sentinel.accounts.agencies import CITY
from sentinel.model.match import Level
from sentinel.model.principal import Role
from sentinel.model.rule_state import RuleState
from sentinel.web.paging import Paging
from sentinel.web.rules import need_city, rows
from sentinel.web.show import back_to, page
from sentinel.web.visitor import Behind, FormAdministrator, Reader

router = APIRouter()

STATES: dict[str, tuple[RuleState, ...]] = {"all": (), **{state.value: (state,) for state in RuleState}}
"""What the filter offers, by the value in the address."""
MAX_FAULTS = 50


@router.get("/rules")
def rules(
    request: Request,
    behind: Behind,
    who: Reader,
    state: Annotated[str, Query(max_length=20)] = "all",
    level: Annotated[list[Level] | None, Query(max_length=10)] = None,
    text: Annotated[str, Query(max_length=200)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """Show the rules that the filter lets through, the busiest of the last day first."""
    chosen = state if state in STATES else "all"
    levels = tuple(level or ())
    fitting = rows(behind, who, text=text, levels=levels)
    found = [each for each in fitting if chosen == "all" or each.state in STATES[chosen]]
    paging = Paging(number, len(found))
    broken = [fault for fault in behind.rules.now.faults if not fault.is_set_aside]
    return page(
        request,
        "rules.html",
        rows=found[paging.offset : paging.offset + paging.size],
        counts={name: sum(not kept or each.state in kept for each in fitting) for name, kept in STATES.items()},
        chosen=chosen,
        levels=levels,
        all_levels=[*reversed(Level)],
        text=text,
        paging=paging,
        faults=broken[:MAX_FAULTS],
        broken=len(broken),
        left_out=len(behind.rules.now.faults) - len(broken),
        refused=behind.rules.refused,
        may_reload=who.role.includes(Role.ADMINISTRATOR) and who.agency == CITY,
    )


@router.post("/rules/reload")
def reload(behind: Behind, who: FormAdministrator) -> Response:
    """Ask for the rule files to be read again."""
    need_city(who)
    behind.rules.ask(who.name)
    return back_to("/rules", "reloading")
