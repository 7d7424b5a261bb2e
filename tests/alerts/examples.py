"""Matches, records and people for the tests of alerts and incidents."""

from datetime import UTC, datetime, timedelta

from sentinel.model.match import Evidence, Level, Match, RuleInfo
from sentinel.model.moment import to_text
from sentinel.model.principal import Principal, Role
from sentinel.model.record import Record, Value

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EVERYTHING = frozenset({"city", "dept-a", "dept-b"})


def at(hours: float) -> str:
    """Return the time `hours` after the start, as text."""
    return to_text(START + timedelta(hours=hours))


def sighting(
    record_id: str = "r1",
    *,
    hours: float = 0.0,
    rule: str = "rule-1",
    level: Level = Level.MEDIUM,
    agency: str = "dept-a",
    host: str = "web1",
    tags: tuple[str, ...] = (),
    group_by: tuple[str, ...] = (),
    group: tuple[tuple[str, str], ...] = (),
    **fields: Value,
) -> tuple[Match, Record]:
    """Return a match and its record; `fields` names use `__` for the dot."""
    info = RuleInfo(rule, f"Title of {rule}", level, title_vi=f"Tiêu đề của {rule}", tags=tags, group_by=group_by)
    record = Record(
        record_id,
        {
            "@timestamp": at(hours),
            "event.dataset": "linux.auth",
            "event.kind": "event",
            "event.original": "raw",
            "organization.id": agency,
            "host.name": host,
            **{name.replace("__", "."): value for name, value in fields.items()},
        },
    )
    evidence = (Evidence("selection", "CommandLine", "whoami", "CommandLine|contains: whoami"),)
    return Match(info, record_id, at(hours), evidence, group=group), record


def person(role: Role = Role.OPERATOR, agency: str = "dept-a", name: str = "lan") -> Principal:
    """Return a signed-in user of one agency, or of the city."""
    scope = EVERYTHING if agency == "city" else frozenset({agency})
    return Principal(id=name, name=name, role=role, agency=agency, scope=scope)
