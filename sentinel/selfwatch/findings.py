"""Remembers what the health checks found, and says when something begins, lasts and ends; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sentinel.model.moment import to_text
from sentinel.selfwatch.door import Own

REPEAT = timedelta(hours=1)
ENDED = ".ended"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    action: str
    """`collector.silent`; its first word decides the dataset, as in the audit log."""
    about: str
    """Tells findings of one action apart: id of the collector, of the source, of the folder."""
    agency: str = "city"
    facts: Mapping[str, object] = field(default_factory=dict)
    """Names of docs/reference/sentinel-events.md with their values."""

    @property
    def key(self) -> tuple[str, str]:
        """Equal for the same finding at another time."""
        return self.action, self.about

    def event(self, at: datetime, *, ended: bool = False) -> Own:
        """Return the event that tells of it."""
        body = {
            "time": to_text(at),
            "action": self.action + (ENDED if ended else ""),
            "outcome": "success" if ended else "failure",
            "user": "system",
            "object": self.about,
            **self.facts,
        }
        return Own(f"sentinel.{_family(self.action)}", self.agency, body)


class Findings:
    """What has been found and told."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], tuple[Finding, datetime]] = {}

    def news(self, present: Iterable[Finding], at: datetime) -> list[Own]:
        """Return what to tell, given everything that is found at `at`: beginnings, hourly reminders, ends."""
        found = {finding.key: finding for finding in present}
        events: list[Own] = []
        for key, finding in found.items():
            before = self._told.get(key)
            if before is None or at - before[1] >= REPEAT:
                events.append(finding.event(at))
                self._told[key] = (finding, at)
        over = [key for key in self._told if key not in found]
        return events + [self._told.pop(key)[0].event(at, ended=True) for key in over]


def _family(action: str) -> str:
    first = action.partition(".")[0]
    return "collector" if first in ("collector", "source") else "audit" if first == "audit" else "health"
