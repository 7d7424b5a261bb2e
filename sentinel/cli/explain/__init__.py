"""`sentinel explain`: why a rule did, or did not, match an event."""

from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.examples import shown
from sentinel.cli.rules.folders import Pipelines, PlaceholderFile, rules_in
from sentinel.errors import InputError

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(
    epilog=shown(
        "sentinel explain --rule rules/web/backup_downloaded.yml --event access.log --record 2",
        "sentinel explain --rules sigma/rules --rule 'Mimikatz Use' --event events.ndjson --json",
        "tail -n 1 access.log | sentinel explain --rule backup.yml --event - --dataset nginx.access",
    )
)
def explain(
    file: Annotated[
        Path | None, typer.Argument(help="EVTX, JSON or text log; the same as --event.", readable=False)
    ] = None,
    event: Annotated[
        Path | None, typer.Option(help="EVTX, JSON or text log; - is standard input.", readable=False)
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="A rule file, or id, name or title of a rule; needed where there are several.")
    ] = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option(help="Folder or file of Sigma rules (repeatable); else the bundled ones.", readable=False),
    ] = None,
    record: Annotated[
        int | None, typer.Option(help="Line or record in the file, from 1; else the first one that matches.", min=1)
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="What wrote the file, where it cannot be told.")] = None,
    pipeline: Pipelines = None,
    placeholders: PlaceholderFile = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Show every part of a rule's condition with its verdict on one event, and the reason at each line.

    For a correlation: which of its rules matched in the file, by group, and how far from its threshold. Exits with 1
    where the rule does not match.
    """
    if (file is None) == (event is None):
        raise InputError("say one file of events: --event FILE, or - for standard input")
    from sentinel.cli.explain.choose import choose
    from sentinel.cli.explain.correlation import explain_correlation
    from sentinel.cli.explain.events import Events
    from sentinel.cli.explain.plain import explain_rule
    from sentinel.detect.rule import Correlation

    rule_set, chosen = choose(rule, rules, lambda paths: rules_in(paths, pipeline, placeholders))
    with Events(event or file or Path(), dataset) as events:
        if isinstance(chosen, Correlation):
            matches = explain_correlation(rule_set, chosen, events, as_json=json)
        else:
            matches = explain_rule(rule_set, chosen, events, record, as_json=json)
    if not matches:
        raise SystemExit(1)
