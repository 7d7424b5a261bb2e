"""Matches as people and programs read them: a table, or one ECS object each."""

import re
from collections import Counter
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from sentinel.detect.facts import text_of
from sentinel.model.match import Level, Match, RuleInfo
from sentinel.model.record import Record, nest

_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)
_STYLES = {Level.CRITICAL: "bold red", Level.HIGH: "red", Level.MEDIUM: "yellow", Level.LOW: "cyan"}
_KEPT = ("@timestamp", "event.id", "event.dataset", "event.code", "event.action", "event.sequence", "host.name")
"""Fields of the record that a finding repeats."""


class Findings:
    """Counts matches by rule."""

    def __init__(self) -> None:
        self._counts: Counter[RuleInfo] = Counter()
        self._first: dict[RuleInfo, str] = {}

    @property
    def count(self) -> int:
        """Number of matches."""
        return self._counts.total()

    def add(self, path: Path, match: Match, record: Record) -> None:
        """Count one match."""
        self._counts[match.rule] += 1
        self._first.setdefault(match.rule, f"{path.name}:{record.fields.get('event.sequence', '')}")

    def table(self) -> Table:
        """Return a table of the rules that fired, worst first."""
        table = Table("level", "rule", "matches", "first seen in", highlight=False)
        ranked = sorted(self._counts.items(), key=lambda each: (-each[0].level.rank, -each[1], each[0].title))
        for rule, count in ranked:
            style = _STYLES.get(rule.level, "")
            table.add_row(rule.level, escape(rule.title), str(count), escape(self._first[rule]), style=style)
        return table


def as_json(path: Path, match: Match, record: Record) -> dict[str, object]:
    """Return a match as a nested ECS object with its evidence under `sentinel`."""
    fields: dict[str, object] = {name: record.fields[name] for name in _KEPT if name in record.fields}
    fields |= {
        "event.kind": "alert",
        "log.file.path": text_of(str(path)),
        "rule.id": match.rule.id,
        "rule.name": match.rule.title,
        "rule.level": match.rule.level,
        "sentinel.evidence": [
            {"selection": each.selection, "field": each.field, "value": each.value, "pattern": each.pattern}
            for each in match.evidence
        ],
    }
    if techniques := [found[1].upper() for tag in match.rule.tags if (found := _TECHNIQUE.fullmatch(tag))]:
        fields["threat.technique.id"] = techniques
    if match.contributing:
        fields["sentinel.contributing"] = list(match.contributing)
    if match.group:
        fields["sentinel.group"] = dict(match.group)
    return nest(fields)
