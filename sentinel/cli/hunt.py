"""`sentinel hunt`: Sigma rules over what is stored, with progress; a hunt that was stopped goes on where it was."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from sentinel.accounts.agencies import CITY
from sentinel.cli.administrator import administrator
from sentinel.cli.columns import show
from sentinel.cli.examples import shown
from sentinel.cli.moments import time_of
from sentinel.cli.options import DEFAULT_HOME, HomeOption
from sentinel.hunt.hunter import OnProgress
from sentinel.hunt.rows import Hunt, HuntState, Question
from sentinel.model.match import Match
from sentinel.model.principal import Principal
from sentinel.wiring import Home, open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)
HuntArgument = Annotated[str, typer.Argument(metavar="HUNT", help="Id of the hunt.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")]


@app.callback(
    invoke_without_command=True,
    epilog=shown(
        "sentinel hunt --rules sigma/rules/windows --from 7d",
        'sentinel hunt --rules new.yml --from 2026-11-01 --query "organization.id:dept-a" --json',
        "sentinel hunt resume 3f1c0de2a4b5968f",
        "sentinel hunt alerts 3f1c0de2a4b5968f",
    ),
)
def hunt(
    context: typer.Context,
    rules: Annotated[list[Path] | None, typer.Option(help="Rule file or folder (repeatable).", exists=True)] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Only the rule with this id (repeatable).")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="First time: 2026-11-23, 2026-11-23T08:00, 24h, 7d.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Time before which they happened.")] = None,
    query: Annotated[str, typer.Option(help="Only events that this query finds (Lucene syntax).")] = "*",
    agency: Annotated[str, typer.Option(help="Only of this agency and those below it.")] = CITY,
    exhaustive: Annotated[bool, typer.Option(help="Look at every event, without asking the store first.")] = False,
    show_query: Annotated[bool, typer.Option(help="Print what the store would be asked, and do nothing.")] = False,
    as_json: Json = False,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Run Sigma rules over stored events; also beside a running server. Nothing becomes an alert unless asked for.

    Without --rules the server's own rules are run. The store finds the events that may match, the same engine as the
    server's decides. Exits with 1 when a rule fired, 0 when none did.
    """
    if context.invoked_subcommand is not None:
        return
    with closing(open_home(home_folder)) as home:
        zone = ZoneInfo(home.settings.display.zone)
        question = Question(
            rules=tuple(rule or ()),
            folders=tuple(str(path.resolve()) for path in rules or ()),
            query=query,
            start=time_of(start, zone, "--from"),
            end=time_of(end, zone, "--to"),
            exhaustive=exhaustive,
        )
        who = _who(home, agency)
        if show_query:
            typer.echo(home.hunting.asks(question, who.scope))
            return
        begun = home.hunting.begin(who, question)
        _go_on(home, who, begun, as_json=as_json)


@app.command("list")
def list_hunts(as_json: Json = False, home_folder: HomeOption = DEFAULT_HOME) -> None:
    """List the hunts, newest first."""
    with closing(open_home(home_folder)) as home:
        found = home.hunting.hunts.find(_who(home, CITY).scope)
    show([_row(each) for each in found], as_json=as_json)


@app.command("show")
def show_hunt(hunt_id: HuntArgument, as_json: Json = False, home_folder: HomeOption = DEFAULT_HOME) -> None:
    """Print what a hunt found."""
    with closing(open_home(home_folder)) as home:
        found = home.hunting.hunts.get(_who(home, CITY).scope, hunt_id)
        _print(home, found, as_json=as_json)


@app.command()
def resume(hunt_id: HuntArgument, as_json: Json = False, home_folder: HomeOption = DEFAULT_HOME) -> None:
    """Go on with a hunt that was stopped, or whose process died."""
    with closing(open_home(home_folder)) as home:
        who = _who(home, CITY)
        _go_on(home, who, home.hunting.hunts.get(who.scope, hunt_id), as_json=as_json)


@app.command()
def cancel(hunt_id: HuntArgument, home_folder: HomeOption = DEFAULT_HOME) -> None:
    """Stop a hunt that runs elsewhere, after the page it is at."""
    with closing(open_home(home_folder)) as home:
        stopped = home.hunting.cancel(_who(home, CITY), hunt_id)
    typer.echo(f"{stopped.id} is {stopped.state}.", err=True)


@app.command()
def alerts(hunt_id: HuntArgument, home_folder: HomeOption = DEFAULT_HOME) -> None:
    """Make alerts of what a hunt found; no playbook starts. The same again changes nothing."""
    with closing(open_home(home_folder)) as home:
        count = home.hunting.raise_alerts(_who(home, CITY), hunt_id)
    typer.echo(f"{count} alerts hold what {hunt_id} found.", err=True)


def _who(home: Home, agency: str) -> Principal:
    who = administrator(home.agencies)
    return Principal(id=who.id, name=who.name, role=who.role, agency=agency, scope=home.agencies.scope(agency))


def _go_on(home: Home, who: Principal, begun: Hunt, *, as_json: bool) -> None:
    stop = threading.Event()
    with _interruptible(stop), _progress() as step:
        ended = home.hunting.go_on(who, begun.id, stop, step)
    _print(home, ended, as_json=as_json)
    if ended.state is HuntState.STOPPED:
        typer.echo(f"Stopped. Go on with: sentinel hunt resume {ended.id}", err=True)
        raise SystemExit(3)
    if ended.progress.hits:
        raise SystemExit(1)


def _print(home: Home, found: Hunt, *, as_json: bool) -> None:
    matches = home.hunting.hunts.matches(found.id)
    if as_json:
        for match in matches:
            typer.echo(json.dumps(_document(found, match), ensure_ascii=False))
    else:
        titles = {match.rule.id: match.rule for match in matches}
        counts = home.hunting.hunts.counts(found.id)
        show(
            [
                {"level": titles[each].level, "rule": titles[each].title, "id": each, "matches": counts[each]}
                for each in sorted(titles, key=lambda each: (-titles[each].level.rank, -counts[each]))
            ],
            as_json=False,
        )
    progress = found.progress
    typer.echo(
        f"Hunt {found.id} is {found.state}: {progress.hits} matches in {progress.seen} of {progress.total} events "
        "that may match.",
        err=True,
    )


def _document(found: Hunt, match: Match) -> dict[str, object]:
    return {
        "@timestamp": match.at,
        "event": {"kind": "alert", "id": match.record_id},
        "rule": {"id": match.rule.id, "name": match.rule.title, "level": match.rule.level},
        "sentinel": {
            "hunt": {"id": found.id},
            "evidence": [
                {"selection": each.selection, "field": each.field, "value": each.value, "pattern": each.pattern}
                for each in match.evidence
            ],
            "contributing": list(match.contributing),
        },
    }


def _row(each: Hunt) -> dict[str, object]:
    return {
        "id": each.id,
        "state": each.state,
        "seen": each.progress.seen,
        "total": each.progress.total,
        "matches": each.progress.hits,
        "query": each.question.query,
        "asked_by": each.asked_by,
        "begun": each.created_at[:16],
    }


@contextmanager
def _interruptible(stop: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C end the hunt in order, and the second one at once."""

    def interrupted(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            signal.default_int_handler(number, frame)
        stop.set()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress() -> Iterator[OnProgress]:
    """Show a bar on standard error until the block ends; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("hunting"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bars(*columns, TextColumn("{task.fields[text]}"), console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("hunt", text="")
        yield lambda done: bars.update(task, total=done.total, completed=done.seen, text=f"{done.hits:,} matches")
