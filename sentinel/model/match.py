"""A Match says that a rule fired, and shows why."""

from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """Severity of a rule, as Sigma names it."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for informational to 4 for critical."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One value of the record that satisfied one item of the rule."""

    selection: str
    """Name of the search identifier in the rule's detection."""
    field: str
    """Sigma field name as the rule writes it; empty for a keyword."""
    value: str
    """The value found, cut to 1,000 characters."""
    pattern: str
    """What the rule asked for, in Sigma notation: `CommandLine|contains: whoami`."""


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What people need to know of a rule."""

    id: str
    title: str
    level: Level
    description: str = ""
    title_vi: str = ""
    description_vi: str = ""
    tags: tuple[str, ...] = ()
    """Sigma tags: `attack.t1110`, `attack.credential-access`."""
    falsepositives: tuple[str, ...] = ()
    falsepositives_vi: tuple[str, ...] = ()
    triage: str = ""
    """What to look at first, in a sentence or three (custom attribute `sentinel.triage`)."""
    triage_vi: str = ""
    group_by: tuple[str, ...] = ()
    """ECS names whose values tell alerts of this rule apart (custom attribute `sentinel.group-by`)."""
    status: str = ""
    """Sigma status: `stable`, `test`, `experimental`; empty where the rule gives none."""
    across_agencies: bool = False
    """A correlation that joins records of all agencies; what it finds belongs to the city."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule fired on a record, or on several of them (correlation)."""

    rule: RuleInfo
    record_id: str
    """The record that completed the match."""
    at: str
    """`@timestamp` of that record."""
    evidence: tuple[Evidence, ...]
    contributing: tuple[str, ...] = field(default=())
    """Ids of all records of a correlation, oldest first, at most 100; empty for a plain rule."""
    group: tuple[tuple[str, str], ...] = ()
    """Group-by fields of a correlation with their values."""
    agency: str | None = None
    """Whom it belongs to; None for the agency of the record that completed it."""
