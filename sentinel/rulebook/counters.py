"""Counts what rules do, each match once: counts and the journal position they reach are one transaction.

The pipeline counts a batch before the store's mark moves past it. Killed between the two it comes with the same
events again, and what lies before the position is not counted a second time. Two things are inexact: where the journal
was lost, positions begin anew and matches are counted again; and a correlation's match that comes out while nothing
arrives may count twice if the server is killed in that instant.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, Engine, Table, bindparam, case, delete, func, select

from sentinel.database.connect import reading
from sentinel.database.dialect import insert_new, serialise, upsert
from sentinel.database.tables import positions, rule_costs, rule_counters, rule_hours
from sentinel.model import moment
from sentinel.model.agency import Scope
from sentinel.model.rule_state import RuleCost, RuleWork

POSITION = "rules counted"
DAY_HOURS = 24
KEEP_HOURS = 48


@dataclass(slots=True)
class Tally:
    """Matches of one rule in one agency that are to be counted."""

    matches: int = 0
    hidden: int = 0
    last_at: str = ""


Tallies = Mapping[tuple[str, str], Tally]
"""By rule id and agency."""


class RuleCounters:
    """The counters in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def position(self, connection: Connection, partition: int = 0) -> int:
        """Return the journal position up to which matches have been counted; nobody else counts until the commit."""
        serialise(connection, rule_counters)
        query = select(positions.c.position).where(positions.c.name == _name(partition))
        return int(connection.execute(query).scalar() or 0)

    def add(self, connection: Connection, tallies: Tallies, upto: int, at: datetime, partition: int = 0) -> None:
        """Add to the counters and move the position, as part of the transaction that asked for it."""
        rows = [
            {
                "rule_id": rule_id,
                "agency": agency,
                "hour": _hour(at),
                "matches": tally.matches,
                "hidden": tally.hidden,
                "last_at": tally.last_at,
            }
            for (rule_id, agency), tally in tallies.items()
        ]
        for table in (rule_counters, rule_hours) if rows else ():
            _grow(connection, table, rows)
        upsert(connection, positions, [{"name": _name(partition), "position": upto}])

    def rewind(self, partition: int = 0) -> None:
        """Begin at the first position of a part of the journal again: it is a new one."""
        with self._engine.begin() as connection:
            upsert(connection, positions, [{"name": _name(partition), "position": 0}])

    def prune(self, at: datetime) -> None:
        """Forget hours that no page asks for any more."""
        with self._engine.begin() as connection:
            connection.execute(delete(rule_hours).where(rule_hours.c.hour < _hour(at - timedelta(hours=KEEP_HOURS))))

    def work(self, scope: Scope, at: datetime, rule_id: str | None = None) -> dict[str, RuleWork]:
        """Return what each rule did in the agencies in scope; a rule that never matched is missing."""
        found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        with reading(self._engine) as connection:
            for row in connection.execute(_sums(rule_counters, scope, rule_id, last=True)):
                found[row[0]] |= {"matches": int(row[1]), "hidden": int(row[2]), "last_at": row[3]}
            recent = _sums(rule_hours, scope, rule_id).where(rule_hours.c.hour > _hour(at - timedelta(hours=DAY_HOURS)))
            for row in connection.execute(recent):
                found[row[0]] |= {"matches_24h": int(row[1]), "hidden_24h": int(row[2])}
        return {each: RuleWork(**values) for each, values in found.items()}

    def add_costs(self, costs: Mapping[str, tuple[int, int]]) -> None:
        """Add measurements: rule id to evaluations and nanoseconds."""
        with self._engine.begin() as connection:
            serialise(connection, rule_costs)
            known = {row.rule_id: row for row in connection.execute(select(rule_costs))}
            rows = []
            for rule_id, (evaluations, nanoseconds) in costs.items():
                before = known.get(rule_id)
                rows.append(
                    {
                        "rule_id": rule_id,
                        "evaluations": evaluations + (before.evaluations if before else 0),
                        "nanoseconds": nanoseconds + (before.nanoseconds if before else 0),
                    }
                )
            upsert(connection, rule_costs, rows)

    def costs(self) -> dict[str, RuleCost]:
        """Return what is known of the time each rule takes."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(rule_costs)).all()
        return {row.rule_id: RuleCost(row.evaluations, row.nanoseconds) for row in rows}


def tally(found: Iterable[tuple[str, str, str, bool]]) -> dict[tuple[str, str], Tally]:
    """Return the tallies of matches given as rule id, agency, event time and whether they are hidden."""
    tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    for rule_id, agency, at, is_hidden in found:
        one = tallies[rule_id, agency]
        one.matches += not is_hidden
        one.hidden += is_hidden
        one.last_at = max(one.last_at, at)
    return dict(tallies)


def _grow(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Add to the counts of each row, which begin at 0: two statements for all of them."""
    names = [column.name for column in table.columns]
    insert_new(connection, table, [{**{name: row[name] for name in names}, "matches": 0, "hidden": 0} for row in rows])
    values: dict[str, object] = {name: table.c[name] + bindparam(f"more_{name}") for name in ("matches", "hidden")}
    if "last_at" in names:
        last: BindParameter[str] = bindparam("more_last_at")
        values["last_at"] = case((table.c.last_at < last, last), else_=table.c.last_at)
    keys = [column.name for column in table.primary_key]
    change = table.update().where(*(table.c[name] == bindparam(f"of_{name}") for name in keys)).values(**values)
    of = [{f"of_{name}": row[name] for name in keys} for row in rows]
    more = [{f"more_{name}": row[name] for name in values} for row in rows]
    connection.execute(change, [{**each, **added} for each, added in zip(of, more, strict=True)])


def _sums(table: Any, scope: Scope, rule_id: str | None, *, last: bool = False) -> Any:
    columns: Sequence[Any] = [table.c.rule_id, func.sum(table.c.matches), func.sum(table.c.hidden)]
    if last:
        columns = [*columns, func.max(table.c.last_at)]
    query = select(*columns).where(table.c.agency.in_(sorted(scope))).group_by(table.c.rule_id)
    return query if rule_id is None else query.where(table.c.rule_id == rule_id)


def _name(partition: int) -> str:
    return f"{POSITION} in {partition}" if partition else POSITION


def _hour(at: datetime) -> str:
    return moment.to_text(at)[:13]
