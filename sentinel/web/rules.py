"""What pages and API say of a rule: its description, its state where the reader works, and what it does."""

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel.accounts.agencies import CITY
from sentinel.errors import InputError, RefusedError
from sentinel.model import moment
from sentinel.model.match import Level, RuleInfo
from sentinel.model.principal import Principal
from sentinel.model.rule_state import RuleCost, RuleState, RuleWork
from sentinel.web.faults import NotFoundError
from sentinel.web.services import Services

IDLE = RuleWork()
TECHNIQUE = "attack.t"
INHERITED = "inherited"
"""Said instead of a state: what was decided for the agency is taken back."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule for a reader."""

    rule: RuleInfo
    state: RuleState
    """In the reader's agency."""
    work: RuleWork
    """In the reader's scope."""
    is_correlation: bool
    cost: RuleCost | None
    """None while it was not measured."""

    @property
    def techniques(self) -> tuple[str, ...]:
        """ATT&CK techniques: `T1110.001`."""
        return tuple(tag.removeprefix("attack.").upper() for tag in self.rule.tags if tag.startswith(TECHNIQUE))


def rows(
    behind: Services,
    who: Principal,
    *,
    text: str = "",
    states: Sequence[RuleState] = (),
    levels: Sequence[Level] = (),
) -> list[RuleRow]:
    """Return the rules that fit, the busiest of today first, then the worst; what is not given does not restrict."""
    shelf = behind.rules.now
    known = behind.rule_states.states(shelf.infos.values(), who.agency)
    work = behind.rule_counters.work(who.scope, moment.now())
    costs = behind.rule_counters.costs()
    wanted = text.casefold().split()
    found = [
        RuleRow(rule, known[rule.id], work.get(rule.id, IDLE), rule.id in shelf.correlations, costs.get(rule.id))
        for rule in shelf.infos.values()
        if (not states or known[rule.id] in states) and (not levels or rule.level in levels) and _says(rule, wanted)
    ]
    found.sort(key=lambda row: (-_busy(row.work), -row.rule.level.rank, row.rule.title, row.rule.id))
    return found


def row(behind: Services, who: Principal, rule_id: str) -> RuleRow:
    """Return one rule; raise `NotFoundError` where none of this id is loaded."""
    shelf = behind.rules.now
    rule = shelf.infos.get(rule_id)
    if rule is None:
        raise NotFoundError("there is no such rule")
    state = behind.rule_states.states([rule], who.agency)[rule.id]
    work = behind.rule_counters.work(who.scope, moment.now(), rule.id).get(rule.id, IDLE)
    return RuleRow(rule, state, work, rule.id in shelf.correlations, behind.rule_counters.costs().get(rule.id))


def decide(behind: Services, who: Principal, rule_id: str, agency: str, state: RuleState | None, why: str) -> RuleRow:
    """Decide about a rule for an agency, the reader's own where none is named; return the rule as it is then."""
    found = row(behind, who, rule_id)
    agency = agency or who.agency
    if agency not in who.scope:
        raise NotFoundError("there is no such agency among those you may see")
    behind.rule_states.decide(who, found.rule, agency, state, why)
    return row(behind, who, rule_id)


def parse_state(name: str) -> RuleState | None:
    """Return the state of a form, None for `inherited`; raise `InputError` for anything else."""
    if name == INHERITED:
        return None
    try:
        return RuleState(name)
    except ValueError as error:
        raise InputError(f"state: expected {', '.join((*RuleState, INHERITED))}") from error


def need_city(who: Principal) -> None:
    """Raise `RefusedError` unless the reader belongs to the city itself: a reload concerns every agency."""
    if who.agency != CITY:
        raise RefusedError("only an administrator of the city may reload the rules")


def _says(rule: RuleInfo, words: Sequence[str]) -> bool:
    if not words:
        return True
    text = "\n".join((rule.title, rule.title_vi, rule.id, *rule.tags)).casefold()
    return all(word in text for word in words)


def _busy(work: RuleWork) -> int:
    return work.matches_24h + work.hidden_24h
