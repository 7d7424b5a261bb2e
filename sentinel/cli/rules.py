"""`sentinel rules`: Sigma rules as code: check them, run their samples, list them."""

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from sentinel.cli.lint import lint
from sentinel.cli.samples import Trial, samples_of
from sentinel.detect.documents import rule_files
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.errors import InputError

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

Folders = Annotated[list[Path], typer.Argument(metavar="DIR...", help="Rule files, or folders of them.")]


@app.command()
def check(
    folders: Folders,
    strict: Annotated[bool, typer.Option("--strict", help="Matters of taste fail too.")] = False,
) -> None:
    """Check rules: can each be used, is anything in it questionable, has it its samples. Exits with 1 if not.

    Samples are asked for where any rule of the folders has some; an imported rule pack has none.
    """
    files = list(rule_files(folders))
    rule_set = load_rules(folders)
    wants_samples = any(len(samples_of(path).missing) < 2 for path in files)
    issues = lint(files, rule_set, wants_samples=wants_samples)
    broken = _say_faults(rule_set)
    for issue in issues:
        sys.stdout.write(f"{issue.path}: {'' if issue.is_grave else 'hint: '}{issue.message}\n")
    grave = sum(issue.is_grave or strict for issue in issues)
    usable = len(rule_set.rules) + len(rule_set.correlations)
    sys.stderr.write(f"{len(files)} files, {usable} usable rules, {broken} broken, {len(issues)} issues\n")
    if broken or grave:
        raise SystemExit(1)


@app.command()
def test(folders: Folders) -> None:
    """Run the samples beside each rule: NAME.fires.ndjson must fire, NAME.quiet.ndjson must not. Exits with 1 if not.

    All rules run together, so it also says which others fire on a sample.
    """
    rule_set = load_rules(folders)
    broken = _say_faults(rule_set)
    trial = Trial(rule_set)
    failed = 0
    for path in trial.rule_files:
        outcome = trial.run(path)
        failed += bool(outcome.problems)
        sys.stdout.write(f"{'FAIL' if outcome.problems else 'ok  '} {path}\n")
        for problem in outcome.problems:
            sys.stdout.write(f"     {problem}\n")
        for other in outcome.others:
            sys.stdout.write(f"     also fires: {other}\n")
    sys.stderr.write(f"{len(trial.rule_files)} rule files, {failed} failed, {broken} broken rules\n")
    if failed or broken:
        raise SystemExit(1)
    if not trial.rule_files:
        raise InputError("no rule was found there")


@app.command(name="list")
def list_rules(
    folders: Folders,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per rule and line.")] = False,
) -> None:
    """List the usable rules, worst level first."""
    rule_set = load_rules(folders)
    _say_faults(rule_set)
    found = [(rule.info, _source(rule.log_source)) for rule in rule_set.rules]
    found += [(each.info, f"correlation: {each.kind}") for each in rule_set.correlations]
    found.sort(key=lambda each: (-each[0].level.rank, each[0].title))
    table = Table("level", Column("id", no_wrap=True), "title", "log source", highlight=False)
    for info, source in found:
        if json:
            line: dict[str, object] = {
                "id": info.id,
                "title": info.title,
                "title_vi": info.title_vi,
                "level": info.level,
            }
            line |= {"log_source": source, "tags": info.tags}
            sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        table.add_row(info.level, info.id, escape(info.title), source)
    if not json:
        Console(width=None if sys.stdout.isatty() else 200).print(table)


def _source(log_source: object) -> str:
    parts = (getattr(log_source, key) for key in ("product", "category", "service"))
    return " / ".join(part or "-" for part in parts)


def _say_faults(rule_set: RuleSet) -> int:
    """Name what cannot be used, and return how many of it are broken."""
    for fault in rule_set.faults:
        kind = "set aside" if fault.is_set_aside else "broken"
        sys.stderr.write(f"{fault.path}: {kind}: {fault.message}\n")
    return sum(not fault.is_set_aside for fault in rule_set.faults)


if __name__ == "__main__":
    app()
