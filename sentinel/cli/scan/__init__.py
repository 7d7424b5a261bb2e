"""`sentinel scan`: the server's own normalising and detection, over files."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.examples import shown
from sentinel.cli.findings import Findings, Output
from sentinel.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from sentinel.detect.cache import RuleCache

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(
    epilog=shown(
        "sentinel scan /var/log/nginx --rules rules/web",
        "sentinel scan Security.evtx --rules sigma/rules --csv --bom > matches.csv",
        "sentinel scan dump.log --dataset linux.auth --rules rules --json | jq .rule.name",
    )
)
def scan(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="EVTX, JSON, text logs, or folders of them.", readable=False),
    ],
    rules: Annotated[list[Path], typer.Option(help="Folder or file of Sigma rules (repeatable).", readable=False)],
    json: Annotated[bool, typer.Option("--json", help="One ECS object per match and line on standard output.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="One row per match, safe to open in a spreadsheet.")] = False,
    bom: Annotated[bool, typer.Option("--bom", help="Begin the CSV with a byte-order mark, for Excel.")] = False,
    dataset: Annotated[
        str | None, typer.Option(help="What wrote the files, where it cannot be told; `sentinel parse` names them.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes to use; 0 for one on every processor.", min=0, max=256)] = 0,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for compiled rules.", show_default="~/.cache/sentinel")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Compile the rules anew and keep nothing.")] = False,
    pipeline: Annotated[
        list[str] | None, typer.Option(help="pySigma pipeline to apply: a file or an installed name (repeatable).")
    ] = None,
    placeholders: Annotated[Path | None, typer.Option(help="YAML file with the values of %placeholders%.")] = None,
) -> None:
    """Run Sigma rules over files, offline. Exits with 1 when a rule fired, 0 when none did, 3 when it cannot tell.

    Correlations count within one file, not from file to file.
    """
    output = Output.chosen(json=json, csv=csv, bom=bom)
    _check_dataset(dataset)
    # Loaded here, so that `--help` answers at once.
    from sentinel.cli.scan.reader import Reader
    from sentinel.cli.scan.run import run
    from sentinel.cli.scan.tally import say_faults, say_tally
    from sentinel.cli.scan.task import whole
    from sentinel.cli.sources import files_in
    from sentinel.detect.engine import Engine
    from sentinel.detect.ready import read_ready
    from sentinel.model.moment import now

    kept = None if no_cache else _cache(cache)
    rule_set = read_ready(rules, kept, pipelines=pipeline or [], placeholders=placeholders)
    say_faults(rule_set)
    if not rule_set.rules:
        raise UnavailableError(f"no usable rule in {', '.join(map(str, rules))}; `sentinel rules check` says why")
    engine = Engine(rule_set, shelf=None if kept is None else kept.shelf(rule_set))
    findings, tally, given_up = run(engine, Reader(engine, dataset, now()), whole(files_in(paths), paths), jobs, output)
    engine.shelf.save()
    if output.kind == "table" and findings.count:
        _show(findings)
    say_tally(tally, findings.count, given_up)
    if findings.count:
        raise SystemExit(1)
    if tally.unreadable:
        raise UnavailableError(f"{len(tally.unreadable)} files could not be read, and no rule fired on the rest")
    if not tally.files:
        raise UnavailableError("there was nothing to read; name a file, and what wrote it with --dataset")


def _cache(folder: Path | None) -> "RuleCache | None":
    from sentinel.detect.cache import RuleCache, user_folder

    chosen = folder or user_folder()
    return None if chosen is None else RuleCache(chosen)


def _check_dataset(dataset: str | None) -> None:
    if dataset is None:
        return
    from sentinel.normalise import parser_of
    from sentinel.normalise.parsers import PARSERS

    if parser_of(dataset) is None:
        raise InputError(f"there is no parser for dataset '{dataset}'; known are {', '.join(PARSERS)}")


def _show(findings: Findings) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 200)
    console.print(findings.table(console.width))


if __name__ == "__main__":
    app()
