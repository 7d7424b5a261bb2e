"""Decides in which state a rule is in an agency, and keeps what people decided about it.

The state is found by walking from the city down to the agency. A rule begins enabled, or in shadow where its author
calls it experimental. What an administrator of the city decided for an agency on the way takes the place of what came
from above; what an administrator of the agency itself decided can only make it stricter. Disabled for the whole city is
final. So an agency can spare itself a rule, and never see one that the city has switched off.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Engine, Row, delete, select

from sentinel.accounts.agencies import CITY, Agencies
from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.dialect import serialise, upsert
from sentinel.database.tables import rule_states
from sentinel.database.text import fit
from sentinel.errors import InputError, RefusedError
from sentinel.model import moment
from sentinel.model.agency import Scope
from sentinel.model.match import RuleInfo
from sentinel.model.principal import Principal, Role
from sentinel.model.rule_state import Decision, RuleState

MAX_WHY_CHARACTERS = 4_000
EXPERIMENTAL = "experimental"
ACTIONS = {
    RuleState.ENABLED: "rule.enabled",
    RuleState.SHADOW: "rule.shadowed",
    RuleState.DISABLED: "rule.disabled",
}
"""What the audit log calls a decision, by the state it leads to."""
Decisions = Mapping[str, Decision]
"""Of one rule, by agency."""


def initial(rule: RuleInfo) -> RuleState:
    """Return the state of a rule about which nobody decided anything."""
    return RuleState.SHADOW if rule.status == EXPERIMENTAL else RuleState.ENABLED


def effective(rule: RuleInfo, decisions: Decisions, path: Iterable[str]) -> RuleState:
    """Return the state at the end of `path`, the agencies from the city down to the one in question."""
    state = initial(rule)
    for agency in path:
        decision = decisions.get(agency)
        if decision is None:
            continue
        if agency == CITY and decision.state is RuleState.DISABLED:
            return RuleState.DISABLED
        state = decision.state if decision.by_city else max(state, decision.state, key=lambda each: each.rank)
    return state


class RuleStates:
    """What people decided about rules."""

    def __init__(self, engine: Engine, audit: Audit, agencies: Agencies) -> None:
        """Keep decisions behind `engine`; every change is an entry of `audit`."""
        self._engine = engine
        self._audit = audit
        self._agencies = agencies

    def path(self, agency_id: str) -> list[str]:
        """Return the agencies from the city down to this one; an unknown one stands below the city."""
        path: list[str] = []
        current: str | None = agency_id
        while current is not None and current not in path:
            path.append(current)
            agency = self._agencies.get(current)
            current = agency.parent if agency else CITY if current != CITY else None
        return path[::-1]

    def states(self, rules: Iterable[RuleInfo], agency: str) -> dict[str, RuleState]:
        """Return the state of each rule, by id, in an agency."""
        with reading(self._engine) as connection:
            known = self.decided(connection)
        path = self.path(agency)
        return {rule.id: effective(rule, known.get(rule.id, {}), path) for rule in rules}

    def decided(self, connection: Connection, rule_ids: Iterable[str] | None = None) -> dict[str, dict[str, Decision]]:
        """Return the decisions about all rules, or some, by rule and agency."""
        query = select(rule_states)
        if rule_ids is not None:
            query = query.where(rule_states.c.rule_id.in_(sorted(rule_ids)))
        found: dict[str, dict[str, Decision]] = {}
        for row in connection.execute(query):
            found.setdefault(row.rule_id, {})[row.agency] = _decision(row)
        return found

    def about(self, rule_id: str, scope: Scope, agency: str) -> list[Decision]:
        """Return the decisions about a rule in `scope` and on the path to `agency`: what its readers are bound by."""
        seen = scope | set(self.path(agency))
        with reading(self._engine) as connection:
            known = self.decided(connection, [fit(rule_id, 64)]).get(fit(rule_id, 64), {})
        return [known[each] for each in sorted(known) if each in seen]

    def decide(self, who: Principal, rule: RuleInfo, agency: str, state: RuleState | None, why: str) -> RuleState:
        """Decide about a rule in an agency and all below, or take a decision back (None); return the state there now.

        Raises `RefusedError` unless an administrator of the agency, or of one above it, asks, and where that would
        loosen or replace what the city decided; `InputError` without a reason or for an agency out of sight.
        """
        if not who.role.includes(Role.ADMINISTRATOR):
            raise RefusedError("only an administrator may change the state of a rule")
        if agency not in who.scope:
            raise InputError("there is no such agency among those you may see")
        if not why.strip():
            raise InputError("say why the state of the rule is changed")
        by_city = who.agency == CITY
        path = self.path(agency)
        rule_id = fit(rule.id, 64)
        with self._engine.begin() as connection:
            # What the city decides meanwhile binds too.
            serialise(connection, rule_states)
            known = self.decided(connection, [rule_id]).get(rule_id, {})
            before = effective(rule, known, path)
            if not by_city:
                _refuse_what_is_the_citys(known.get(agency), effective(rule, known, path[:-1]), state)
            self._write(connection, who, rule_id, agency, state, by_city=by_city, why=why)
            after = effective(rule, self.decided(connection, [rule_id]).get(rule_id, {}), path)
            self._audit.record(
                actor=who.name,
                agency=agency,
                action=ACTIONS[after],
                object=rule_id,
                why=fit(why, MAX_WHY_CHARACTERS),
                detail={
                    "name": fit(rule.title, 200),
                    "decided": state.value if state else "inherited",
                    "from": before.value,
                    "to": after.value,
                },
                connection=connection,
            )
        return after

    def _write(
        self,
        connection: Connection,
        who: Principal,
        rule_id: str,
        agency: str,
        state: RuleState | None,
        *,
        by_city: bool,
        why: str,
    ) -> None:
        table = rule_states
        if state is None:
            connection.execute(delete(table).where(table.c.rule_id == rule_id, table.c.agency == agency))
            return
        row = {
            "rule_id": rule_id,
            "agency": agency,
            "state": state.value,
            "by_city": by_city,
            "changed_by": fit(who.name, 100),
            "why": fit(why, MAX_WHY_CHARACTERS),
            "changed_at": moment.to_text(moment.now()),
        }
        upsert(connection, table, [row])


def _refuse_what_is_the_citys(present: Decision | None, inherited: RuleState, wanted: RuleState | None) -> None:
    if present is not None and present.by_city:
        raise RefusedError("the city decided about this rule here; only an administrator of the city may change that")
    if wanted is not None and wanted.rank < inherited.rank:
        raise RefusedError(
            f"the rule is {inherited} above this agency; only an administrator of the city may loosen it"
        )


def _decision(row: Row[tuple[object, ...]]) -> Decision:
    return Decision(
        rule_id=row.rule_id,
        agency=row.agency,
        state=RuleState(row.state),
        by_city=bool(row.by_city),
        changed_by=row.changed_by,
        why=row.why,
        changed_at=row.changed_at,
    )
