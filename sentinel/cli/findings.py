"""Matches as people and programs read them: a table by rule, one ECS object each, or rows of a spreadsheet."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.cli.columns import printable
from sentinel.detect.facts import text_of
from sentinel.errors import InputError
from sentinel.model.match import Level, Match, RuleInfo
from sentinel.model.record import Record, nest
from sentinel.model.spreadsheet import row

if TYPE_CHECKING:
    from rich.table import Table

_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)
_STYLES = {Level.CRITICAL: "bold red", Level.HIGH: "red", Level.MEDIUM: "yellow", Level.LOW: "cyan"}
_KEPT = ("@timestamp", "event.id", "event.dataset", "event.code", "event.action", "event.sequence", "host.name")
"""Fields of the record that a finding repeats."""
CSV_COLUMNS = (
    *("time", "level", "rule", "title_vi", "rule_id", "attack", "host", "dataset", "event_code", "file", "record"),
    *("evidence", "group", "events"),
)
NARROW = 120
"""Below so many columns the table puts when and where under each other."""


@dataclass(slots=True)
class _Seen:
    """What is known of the matches of one rule."""

    count: int = 0
    first: str = ""
    last: str = ""
    place: str = ""
    """File and record of the earliest match."""
    files: set[str] = field(default_factory=set)

    def join(self, other: "_Seen") -> None:
        """Take in what another worker saw."""
        self.count += other.count
        if not self.first or (other.first and other.first < self.first):
            self.first, self.place = other.first, other.place
        self.last = max(self.last, other.last)
        self.files |= other.files


class Findings:
    """Counts matches by rule; several, one from each worker, can be joined."""

    def __init__(self) -> None:
        self._seen: dict[RuleInfo, _Seen] = {}

    @property
    def count(self) -> int:
        """Number of matches."""
        return sum(each.count for each in self._seen.values())

    def add(self, path: Path, match: Match, record: Record) -> None:
        """Count one match."""
        place = f"{path.name}:{record.fields.get('event.sequence', '')}"
        self._of(match.rule).join(_Seen(1, record.at, record.at, place, {str(path)}))

    def join(self, other: "Findings") -> None:
        """Take in what another worker counted."""
        for rule, seen in other._seen.items():
            self._of(rule).join(seen)

    def _of(self, rule: RuleInfo) -> _Seen:
        return self._seen.setdefault(rule, _Seen())

    def table(self, width: int) -> "Table":
        """Return a table of the rules that fired, worst first, for a screen of `width` columns; times are UTC."""
        from rich.table import Table

        ranked = sorted(self._seen.items(), key=lambda each: (-each[0].level.rank, -each[1].count, each[0].title))
        is_narrow = width < NARROW
        heads = ["level", "ATT&CK", "rule", "hits", "files"]
        heads += ["first, last, in"] if is_narrow else ["first (UTC)", "last (UTC)", "first seen in"]
        table = Table(*heads, highlight=False)
        for column in (3, 4):
            table.columns[column].justify = "right"
            table.columns[column].no_wrap = True
        for when in table.columns[5:7]:
            when.min_width = 19  # A time is never folded.
        for rule, seen in ranked:
            where = [_clock(seen.first), _clock(seen.last), seen.place]
            last = ["\n".join(where)] if is_narrow else where
            cells = [rule.level, "\n".join(techniques(rule)), rule.title, str(seen.count), str(len(seen.files)), *last]
            table.add_row(*map(plain, cells), style=_STYLES.get(rule.level, ""))
        return table


def plain(text: str) -> str:
    """Return `text` so that rich shows it as it is and nothing in it steers the terminal."""
    from rich.markup import escape

    return escape("\n".join(map(printable, text.split("\n"))))


def _clock(text: str) -> str:
    """Return a record's time to the second, as people read it."""
    return text[:19].replace("T", " ")


def techniques(rule: RuleInfo) -> list[str]:
    """Return the ATT&CK techniques a rule is tagged with: `T1059.001`."""
    return [found[1].upper() for tag in rule.tags if (found := _TECHNIQUE.fullmatch(tag))]


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
    if found := techniques(match.rule):
        fields["threat.technique.id"] = found
    if match.contributing:
        fields["sentinel.contributing"] = list(match.contributing)
    if match.group:
        fields["sentinel.group"] = dict(match.group)
    return nest(fields)


def csv_cells(path: Path, match: Match, record: Record) -> Iterator[object]:
    """Yield the cells of a match in the order of `CSV_COLUMNS`."""
    rule, fields = match.rule, record.fields
    yield from (record.at, rule.level, rule.title, rule.title_vi, rule.id, " ".join(techniques(rule)))
    yield from (fields.get(name, "") for name in ("host.name", "event.dataset", "event.code"))
    yield from (path, fields.get("event.sequence", ""))
    yield "; ".join(f"{each.pattern} <- {each.value}" if each.value else each.pattern for each in match.evidence)
    yield "; ".join(f"{name}={value}" for name, value in match.group)
    yield len(match.contributing) or 1


@dataclass(frozen=True, slots=True)
class Output:
    """How matches go to standard output, if not as a table at the end; workers make the bytes, one writes them."""

    kind: str = "table"
    """`table`, `json` or `csv`."""
    has_mark: bool = False
    """Spreadsheets of some countries read UTF-8 only behind a byte-order mark."""

    @classmethod
    def chosen(cls, *, json: bool, csv: bool, bom: bool) -> "Output":
        """Return what the options ask for; raise InputError where they contradict each other."""
        if json and csv:
            raise InputError("--json and --csv are two outputs; choose one")
        if bom and not csv:
            raise InputError("--bom belongs to --csv")
        return cls("json" if json else "csv" if csv else "table", bom)

    def head(self) -> bytes:
        """Return what comes before the first match."""
        if self.kind != "csv":
            return b""
        return (b"\xef\xbb\xbf" if self.has_mark else b"") + row(CSV_COLUMNS)

    def line(self, path: Path, match: Match, record: Record) -> bytes:
        """Return one match with its line end; empty where a table is asked for."""
        if self.kind == "table":
            return b""
        if self.kind == "csv":
            return row(csv_cells(path, match, record))
        import orjson

        return orjson.dumps(as_json(path, match, record), option=orjson.OPT_APPEND_NEWLINE)
