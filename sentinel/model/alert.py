"""An Alert is a match that an operator may see; equal matches count on one alert."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sentinel.model.match import Evidence, Level


class AlertState(StrEnum):
    """Where an alert stands in triage."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class CloseReason(StrEnum):
    """Why an alert was closed."""

    RESOLVED = "resolved"
    FALSE_POSITIVE = "false_positive"
    EXPECTED = "expected"
    """True, but allowed: a test, maintenance."""
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One line in the operator's queue."""

    id: str
    """Hash of the fingerprint and the alert's number among those of it; replay gives the same id."""
    fingerprint: str
    """Hash of rule, agency and the values that tell alerts of this rule apart."""
    rule_id: str
    title: str
    title_vi: str
    level: Level
    tags: tuple[str, ...]
    agency: str
    host: str
    state: AlertState
    reason: CloseReason | None
    note: str
    assignee: str | None
    """Name of the user who acknowledged or closed it."""
    count: int
    """Number of matches."""
    first_at: str
    """Event time of the first match."""
    last_at: str
    raised_at: str
    """When Sentinel raised it."""
    changed_at: str
    evidence: tuple[Evidence, ...]
    """Of the first match."""
    record_id: str
    """Record of the first match."""
    contributing: tuple[str, ...]
    fields: Mapping[str, object]
    """The first record's ECS fields, flat: what playbooks take their inputs from."""
    incident: str | None
    """Id of the incident it belongs to."""
