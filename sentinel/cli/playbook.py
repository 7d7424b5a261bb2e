"""`sentinel playbook`: check playbooks, rehearse them on their cases, list them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sentinel import bundled
from sentinel.errors import SentinelError
from sentinel.playbooks import check as checking
from sentinel.playbooks.actions import ACTIONS
from sentinel.playbooks.library import Library, files, read
from sentinel.playbooks.never_touch import NeverTouch
from sentinel.playbooks.rehearse import rehearse

app = typer.Typer(
    help="Playbooks as code: check, test, list.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Playbook files or folders; the bundled ones where none is given.")
]


@app.command("check")
def check(paths: Paths = None) -> None:
    """Say what is wrong with playbooks, with file and line."""
    found = _files(paths)
    faults = 0
    for path in found:
        try:
            findings = checking.check(read(path), ACTIONS)
        except SentinelError as error:
            faults += 1
            typer.echo(str(error))
            continue
        faults += any(finding.is_error for finding in findings)
        for finding in findings:
            typer.echo(str(finding))
    doubles = [fault for fault in Library.load(found).faults if "is in" in fault.message] if not faults else []
    for fault in doubles:
        typer.echo(str(fault))
    _end(len(found), faults + len(doubles), "playbook", "in order")


@app.command("test")
def rehearsals(paths: Paths = None) -> None:
    """Rehearse playbooks on the cases beside them (`NAME.test.yml`); nothing is done to any machine."""
    cases = faults = 0
    for path in _files(paths):
        try:
            for verdict in rehearse(path, ACTIONS, NeverTouch.of()):
                cases += 1
                faults += bool(verdict.faults)
                typer.echo(f"{'FAILED' if verdict.faults else 'ok':6} {path.stem}: {verdict.case}")
                for fault in verdict.faults:
                    typer.echo(f"       {fault}")
        except SentinelError as error:
            faults += 1
            typer.echo(str(error))
    _end(cases, faults, "case", "as expected")


@app.command("list")
def list_(
    paths: Paths = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per playbook and line.")] = False,
) -> None:
    """List playbooks with what starts them and what they may do."""
    library = Library.load(_files(paths))
    for name, loaded in sorted(library.playbooks.items()):
        playbook = loaded.playbook
        alerts = [trigger.alert for trigger in playbook.triggers if trigger.alert is not None]
        starts = sorted({name for alert in alerts for name in (*alert.rules, *alert.tags)})
        if as_json:
            facts = {"playbook": name, "version": playbook.version, "title": playbook.title, "impact": playbook.impact}
            typer.echo(json.dumps(facts | {"starts_on": starts, "digest": loaded.digest}, ensure_ascii=False))
        else:
            typer.echo(f"{name} v{playbook.version}  impact {playbook.impact}  {playbook.title}")
            typer.echo(f"    starts on: {', '.join(starts) or 'nothing; by hand only'}")
    for fault in library.faults:
        typer.echo(str(fault), err=True)
    if library.faults:
        raise typer.Exit(1)


def _files(paths: list[Path] | None) -> list[Path]:
    return files(paths or [bundled.folder("playbooks")])


def _end(total: int, faults: int, what: str, fine: str) -> None:
    plural = "" if total == 1 else "s"
    typer.echo(
        f"{total} {what}{plural}, {faults} with faults" if faults else f"{total} {what}{plural} {fine}", err=True
    )
    if faults:
        raise typer.Exit(1)
