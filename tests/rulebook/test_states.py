"""Promises of the rule states: a new rule proves itself in shadow, agencies restrict, the city has the last word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from sentinel.accounts.agencies import Agencies
from sentinel.audit import Audit
from sentinel.errors import InputError, RefusedError
from sentinel.model.match import Level, RuleInfo
from sentinel.model.principal import Role
from sentinel.model.rule_state import Decision, RuleState
from sentinel.rulebook.states import RuleStates, effective, initial
from tests.alerts.examples import EVERYTHING, person

ENABLED, SHADOW, DISABLED = RuleState
RULE = RuleInfo("rule-1", "Rule", Level.HIGH, status="test")
NEW = RuleInfo("rule-2", "New rule", Level.HIGH, status="experimental")
CITY = person(Role.ADMINISTRATOR, "city", "thanh")
OURS = person(Role.ADMINISTRATOR, "dept-a", "lan")


@pytest.fixture
def states(engine: Engine, log: Audit) -> RuleStates:
    return RuleStates(engine, log, Agencies(engine))


def state(states: RuleStates, agency: str, rule: RuleInfo = RULE) -> RuleState:
    return states.states([rule], agency)[rule.id]


def test_an_experimental_rule_begins_in_shadow_and_others_enabled(states: RuleStates) -> None:
    assert (initial(NEW), initial(RULE)) == (SHADOW, ENABLED)
    assert states.states([RULE, NEW], "dept-a") == {"rule-1": ENABLED, "rule-2": SHADOW}


def test_the_city_decides_for_all_and_for_one(states: RuleStates) -> None:
    assert states.decide(CITY, NEW, "city", ENABLED, "proven") is ENABLED
    assert state(states, "dept-a", NEW) is ENABLED
    states.decide(CITY, NEW, "dept-a", SHADOW, "noisy there")
    assert [state(states, each, NEW) for each in ("city", "dept-a", "dept-b")] == [ENABLED, SHADOW, ENABLED]


def test_an_agency_restricts_its_own_part_only(states: RuleStates) -> None:
    assert states.decide(OURS, RULE, "dept-a", DISABLED, "scanner") is DISABLED
    assert state(states, "dept-b") is ENABLED
    for elsewhere in ("dept-b", "city", "nowhere"):
        with pytest.raises(InputError, match="no such agency"):
            states.decide(OURS, RULE, elsewhere, DISABLED, "scanner")
    assert states.decide(OURS, RULE, "dept-a", None, "scanner gone") is ENABLED


def test_an_agency_cannot_loosen_what_comes_from_above(states: RuleStates) -> None:
    with pytest.raises(RefusedError, match="only an administrator of the city may loosen"):
        states.decide(OURS, NEW, "dept-a", ENABLED, "we want it")
    states.decide(CITY, RULE, "city", DISABLED, "wrong")
    with pytest.raises(RefusedError, match="may loosen"):
        states.decide(OURS, RULE, "dept-a", SHADOW, "we want it")
    states.decide(CITY, NEW, "dept-a", ENABLED, "pilot")
    assert state(states, "dept-a", NEW) is ENABLED
    for wanted in (DISABLED, None):
        with pytest.raises(RefusedError, match="the city decided"):
            states.decide(OURS, NEW, "dept-a", wanted, "no")


def test_disabled_for_the_city_is_final(states: RuleStates) -> None:
    states.decide(CITY, RULE, "dept-a", ENABLED, "pilot")
    states.decide(CITY, RULE, "city", DISABLED, "wrong")
    assert state(states, "dept-a") is DISABLED


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR, Role.RESPONDER])
def test_only_administrators_decide(states: RuleStates, role: Role) -> None:
    with pytest.raises(RefusedError, match="only an administrator"):
        states.decide(person(role, "city"), RULE, "city", DISABLED, "x")


def test_every_decision_is_audited_with_who_and_why(states: RuleStates, log: Audit) -> None:
    states.decide(CITY, RULE, "dept-a", SHADOW, "too many from the scanner")
    (entry,) = log.entries()
    assert (entry.actor, entry.agency, entry.action, entry.object) == ("thanh", "dept-a", "rule.shadowed", "rule-1")
    assert entry.why == "too many from the scanner"
    assert (entry.detail["from"], entry.detail["to"], entry.detail["name"]) == ("enabled", "shadow", "Rule")
    with pytest.raises(InputError, match="say why"):
        states.decide(CITY, RULE, "dept-a", None, "  ")
    assert len(log.entries()) == 1


def test_readers_see_the_decisions_that_bind_them(states: RuleStates) -> None:
    for agency in ("city", "dept-a", "dept-b"):
        states.decide(CITY, RULE, agency, SHADOW, f"because of {agency}")
    assert [each.agency for each in states.about("rule-1", OURS.scope, "dept-a")] == ["city", "dept-a"]
    assert len(states.about("rule-1", EVERYTHING, "city")) == 3


def test_an_agency_nobody_knows_follows_the_city(states: RuleStates) -> None:
    states.decide(CITY, RULE, "city", SHADOW, "x")
    assert state(states, "unheard-of") is SHADOW


_Rows = st.dictionaries(
    st.sampled_from(["city", "dept-a", "unit"]), st.tuples(st.sampled_from(RuleState), st.booleans())
)


@given(_Rows, st.sampled_from([RULE, NEW]))
def test_no_agency_of_its_own_ever_loosens(rows: dict[str, tuple[RuleState, bool]], rule: RuleInfo) -> None:
    path = ["city", "dept-a", "unit"]

    def made(only_city: bool) -> dict[str, Decision]:
        return {
            agency: Decision(
                rule_id="r", agency=agency, state=state, by_city=by, changed_by="x", why="x", changed_at="x"
            )
            for agency, (state, by) in rows.items()
            if by or not only_city
        }

    strictest = effective(rule, made(only_city=False), path)
    assert strictest.rank >= effective(rule, made(only_city=True), path).rank
