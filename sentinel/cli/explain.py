"""`sentinel explain`: why a rule did, or did not, match an event."""

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.sources import Source
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.detect.rule import Rule, RuleSet
from sentinel.errors import InputError
from sentinel.model.moment import now
from sentinel.model.record import Record
from sentinel.normalise import normalise

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(help="EVTX, JSON or text log.")],
    rules: Annotated[list[Path], typer.Option(help="Folder or file of Sigma rules (repeatable).")],
    rule: Annotated[str | None, typer.Option(help="Id, name or title; needed where there is more than one.")] = None,
    record: Annotated[int, typer.Option(help="Line or record in the file, from 1.", min=1)] = 1,
    dataset: Annotated[str | None, typer.Option(help="What wrote the file, where it cannot be told.")] = None,
) -> None:
    """Show every part of a rule's condition with its verdict on one event. Exits with 1 where it does not match."""
    rule_set = load_rules(rules)
    chosen = _choose(rule_set, rule)
    found = _record(file, record, dataset)
    verdicts = Engine(rule_set).why(chosen.info.id, found)
    sys.stdout.write(f"{chosen.info.title} ({chosen.info.id})\n{file}:{record}: {found.fields['event.dataset']}\n")
    if not verdicts:
        source = chosen.log_source
        sys.stdout.write(
            f"no  the event belongs to no log source of the rule (product {source.product}, category "
            f"{source.category}, service {source.service}); see sentinel/detect/taxonomy\n"
        )
    for verdict in verdicts:
        sys.stdout.write("\n".join(verdict.lines()) + "\n")
    if not any(verdict.holds for verdict in verdicts):
        raise SystemExit(1)


def _choose(rule_set: RuleSet, wanted: str | None) -> Rule:
    fitting = [rule for rule in rule_set.rules if wanted in (None, rule.info.id, rule.name, rule.info.title)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        faults = "".join(f"; {fault.path}: {fault.message}" for fault in rule_set.faults[:3])
        raise InputError(f"no usable rule '{wanted or ''}' there (correlations have no condition of their own){faults}")
    raise InputError(f"{len(fitting)} rules fit; name one with --rule ID")


def _record(file: Path, number: int, dataset: str | None) -> Record:
    for event in islice(Source(file, dataset, now()).read(), number):
        if event.sequence == number:
            return normalise(event, agency=None, received_at=None)
    raise InputError(f"{file} has no readable record {number}")
