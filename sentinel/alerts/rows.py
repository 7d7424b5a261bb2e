"""Alerts as rows of the database, and back."""

from typing import Any

from sqlalchemy import RowMapping

from sentinel.model.alert import Alert, AlertState, CloseReason
from sentinel.model.match import Evidence, Level


def to_row(alert: Alert) -> dict[str, object]:
    """Return `alert` as values for the table `alerts`."""
    row: dict[str, object] = {name: getattr(alert, name) for name in alert.__slots__}
    return row | {
        "level": alert.level.value,
        "level_rank": alert.level.rank,
        "tags": list(alert.tags),
        "state": alert.state.value,
        "reason": alert.reason.value if alert.reason else None,
        "evidence": [[each.selection, each.field, each.value, each.pattern] for each in alert.evidence],
        "contributing": list(alert.contributing),
        "fields": dict(alert.fields),
    }


def from_row(row: RowMapping) -> Alert:
    """Return the alert in a row of the table `alerts`."""
    values: dict[str, Any] = {name: row[name] for name in Alert.__slots__}
    values |= {
        "level": Level(values["level"]),
        "tags": tuple(values["tags"]),
        "state": AlertState(values["state"]),
        "reason": CloseReason(values["reason"]) if values["reason"] else None,
        "evidence": tuple(Evidence(*each) for each in values["evidence"]),
        "contributing": tuple(values["contributing"]),
    }
    return Alert(**values)
