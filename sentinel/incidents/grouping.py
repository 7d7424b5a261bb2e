"""Decides which alerts make an incident and how bad it is; pure."""

import hashlib
from datetime import timedelta

from sentinel.model import moment
from sentinel.model.alert import Alert, AlertState
from sentinel.model.incident import Priority
from sentinel.model.match import Level

WINDOW = timedelta(hours=24)
MAX_ALERTS = 500
"""An incident with so many alerts is full; the next one of its key opens another."""
OPENING_TAG = "sentinel.incident"
"""A rule with this tag opens incidents at any level."""
PRIORITIES = {Level.CRITICAL: Priority.P1, Level.HIGH: Priority.P2, Level.MEDIUM: Priority.P3}


def opens(alert: Alert) -> bool:
    """Return whether the alert may open an incident: level high or critical, or the rule says so."""
    return alert.state is not AlertState.CLOSED and (
        alert.level.rank >= Level.HIGH.rank or OPENING_TAG in {tag.casefold() for tag in alert.tags}
    )


def key(alert: Alert) -> str:
    """Return the hash of what alerts of one incident share: agency and host."""
    return hashlib.sha256(f"{alert.agency}\n{alert.host.casefold()}".encode()).hexdigest()


def incident_id(first: Alert) -> str:
    """Return the id of the incident that `first` opens; an alert opens one at most, so it is the same on replay."""
    return hashlib.sha256(f"incident\n{first.id}".encode()).hexdigest()[:32]


def priority(level: Level) -> Priority:
    """Return the priority of an incident whose worst alert has `level`."""
    return PRIORITIES.get(level, Priority.P4)


def is_near(alert: Alert, first_at: str, last_at: str) -> bool:
    """Return whether the alert lies within 24 hours of the incident's alerts, which span `first_at` to `last_at`."""
    earliest, latest = moment.from_text(first_at) - WINDOW, moment.from_text(last_at) + WINDOW
    return moment.from_text(alert.last_at) >= earliest and moment.from_text(alert.first_at) <= latest
