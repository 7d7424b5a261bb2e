"""An Incident holds alerts that belong together, and what was done about them."""

from dataclasses import dataclass
from enum import StrEnum


class IncidentState(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    CLOSED = "closed"


class Priority(StrEnum):
    """P1 is worst. For now it follows the highest alert level."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Alerts that belong together."""

    id: str
    title: str
    title_vi: str
    agency: str
    host: str
    priority: Priority
    state: IncidentState
    opened_at: str
    changed_at: str
    closed_at: str | None
    note: str
    alerts: tuple[str, ...]
    """Alert ids, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """Something that happened in an incident."""

    at: str
    kind: str
    """`event` (an alert), `action` (what we did), `note`, or `state`."""
    actor: str
    text: str
    """English sentence with facts; the page translates what it knows by `code`."""
    code: str
    facts: tuple[tuple[str, str], ...] = ()
