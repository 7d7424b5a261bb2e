"""`sentinel scan`: the server's own normalising and detection, over files."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.findings import Findings, Output
from sentinel.cli.progress import Step, progress
from sentinel.cli.sources import Source, UnknownSourceError, files_in
from sentinel.errors import InputError, UnavailableError
from sentinel.event import Event
from sentinel.model.match import Match
from sentinel.model.moment import now
from sentinel.model.record import Record

if TYPE_CHECKING:
    from sentinel.detect.engine import Engine
    from sentinel.detect.rule import RuleSet

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

BATCH = 500
MAX_NAMED = 10
Report = Callable[[Path, Match, Record], None]


@dataclass(slots=True)
class Tally:
    """What a scan read, and what it could not."""

    files: int = 0
    events: int = 0
    broken: int = 0
    unrouted: int = 0
    """Events of datasets that no rule can speak about."""
    faults: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)
    """Files of a folder that hold no kind of log we know."""
    guessed: dict[str, int] = field(default_factory=dict)
    given_up: int = 0
    """Matches that a correlation could not take in."""


@app.command()
def scan(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="EVTX, JSON, text logs, or folders of them.")],
    rules: Annotated[list[Path], typer.Option(help="Folder or file of Sigma rules (repeatable).")],
    json: Annotated[bool, typer.Option("--json", help="One ECS object per match and line on standard output.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="One row per match, safe to open in a spreadsheet.")] = False,
    bom: Annotated[bool, typer.Option("--bom", help="Begin the CSV with a byte-order mark, for Excel.")] = False,
    dataset: Annotated[
        str | None, typer.Option(help="What wrote the files, where it cannot be told; `sentinel parse` names them.")
    ] = None,
) -> None:
    """Run Sigma rules over files, offline. Exits with 1 when a rule fired, 0 when none did, 3 when it cannot tell."""
    output = Output.chosen(json=json, csv=csv, bom=bom)
    _check_dataset(dataset)
    # Loaded here, so that `--help` answers at once.
    from sentinel.detect.engine import Engine
    from sentinel.detect.load import load_rules

    rule_set = load_rules(rules)
    _say_faults(rule_set)
    if not rule_set.rules:
        raise UnavailableError(f"no usable rule in {', '.join(map(str, rules))}; `sentinel rules check` says why")
    files = list(files_in(paths))
    findings = Findings()
    sys.stdout.buffer.write(output.head())

    def report(path: Path, match: Match, record: Record) -> None:
        findings.add(path, match, record)
        sys.stdout.buffer.write(output.line(path, match, record))

    with progress(sum(map(_size, files))) as step:
        scanner = Scanner(Engine(rule_set), dataset, now(), step)
        for file in files:
            scanner.scan(file, report, is_asked_for=file in paths)
            step(_size(file), 0)
    sys.stdout.flush()
    if output.kind == "table" and findings.count:
        _show(findings)
    _say_tally(scanner.tally, findings.count)
    if findings.count:
        raise SystemExit(1)
    if scanner.tally.unreadable:
        raise UnavailableError(
            f"{len(scanner.tally.unreadable)} files could not be read, and no rule fired on the rest"
        )


def _check_dataset(dataset: str | None) -> None:
    if dataset is None:
        return
    from sentinel.normalise import parser_of
    from sentinel.normalise.parsers import PARSERS

    if parser_of(dataset) is None:
        raise InputError(f"there is no parser for dataset '{dataset}'; known are {', '.join(PARSERS)}")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # Reading it will say what is wrong.


def _show(findings: Findings) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 200)
    console.print(findings.table(console.width))


class Scanner:
    """Runs an engine over one file after another; correlations do not reach from file to file."""

    def __init__(self, engine: "Engine", dataset: str | None, seen_at: datetime, step: Step) -> None:
        self._engine = engine
        self._step = step
        self._dataset = dataset
        self._seen_at = seen_at
        self.tally = Tally()

    def scan(self, path: Path, report: Report, *, is_asked_for: bool) -> None:
        """Report every match in one file; what is wrong with the file goes to the tally."""
        source = Source(path, self._dataset, self._seen_at)
        self._engine.restore(b"")
        try:
            events = source.read()
            while batch := list(islice(events, BATCH)):
                self._match(path, batch, report)
        except UnknownSourceError as error:
            if is_asked_for:
                self.tally.unreadable.append(str(error))
            else:
                self.tally.unknown.append(path)
            return
        except (UnavailableError, InputError) as error:
            self.tally.unreadable.append(str(error))
        self._count(source)

    def _match(self, path: Path, batch: list[Event], report: Report) -> None:
        from sentinel.normalise import normalise

        records = []
        for event in batch:
            record = normalise(event, agency=None, received_at=None)
            records.append(record)
            if record.fields["event.kind"] == "pipeline_error":
                self.tally.broken += 1
                self._name(f"{path}:{event.sequence}: {record.fields.get('error.message', '')}")
            elif not self._engine.knows(str(record.fields["event.dataset"])):
                self.tally.unrouted += 1
        for match, record in self._engine.match(records):
            report(path, match, record)
        self._step(0, len(batch))

    def _count(self, source: Source) -> None:
        self.tally.files += 1
        self.tally.events += source.events
        self.tally.broken += source.broken
        self.tally.given_up += sum(self._engine.statistics.values())
        for fault in source.faults:
            self._name(fault)
        if source.events == 0 and source.broken:
            self.tally.unreadable.append(f"{source.path}: every one of its {source.broken} records is broken")
        if source.is_guessed and source.dataset:
            self.tally.guessed[source.dataset] = self.tally.guessed.get(source.dataset, 0) + 1

    def _name(self, fault: str) -> None:
        if len(self.tally.faults) < MAX_NAMED:
            self.tally.faults.append(fault)


def _say(text: str) -> None:
    sys.stderr.write(text.encode("utf-8", "replace").decode() + "\n")


def _say_faults(rule_set: "RuleSet") -> None:
    broken = [fault for fault in rule_set.faults if not fault.is_set_aside]
    for fault in broken[:MAX_NAMED]:
        _say(f"rule left out: {fault.path}: {fault.message}")
    if len(broken) > MAX_NAMED:
        _say(f"rules left out: {len(broken)} in all; `sentinel rules check` names them")


def _say_tally(tally: Tally, matches: int) -> None:
    for fault in tally.faults:
        _say(f"broken: {fault}")
    for fault in tally.unreadable[:MAX_NAMED]:
        _say(f"left out: {fault}")
    if tally.unknown:
        named = ", ".join(str(path) for path in tally.unknown[:3])
        _say(f"left out: {len(tally.unknown)} files that are no log we know ({named}, ...)")
    if tally.guessed:
        kinds = ", ".join(f"{dataset} ({count} files)" for dataset, count in sorted(tally.guessed.items()))
        _say(f"taken for: {kinds}")
    if tally.unrouted:
        _say(f"{tally.unrouted} events are of datasets that no rule speaks about")
    if tally.given_up:
        _say(f"{tally.given_up} matches could not be correlated: a group-by value was missing, or memory was full")
    _say(
        f"{tally.files} files, {tally.events} events, {matches} matches; "
        f"{tally.broken} broken records, {len(tally.unreadable)} unreadable files"
    )


if __name__ == "__main__":
    app()
