"""`sentinel doctor`: checks a home folder without changing it, and repairs what can be repaired where one asks."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.administrator import actor
from sentinel.cli.doctor.checks import CHECKS, DEEP_CHECKS
from sentinel.cli.doctor.repairs import REPAIRS
from sentinel.cli.options import DEFAULT_HOME, HomeOption
from sentinel.errors import SentinelError
from sentinel.home import only_one
from sentinel.model.agency import CITY
from sentinel.wiring import Home, open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def doctor(
    home_folder: HomeOption = DEFAULT_HOME,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte of database, journal and store; takes its time.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair what can be; the server must be stopped. Asks before each step.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a repair.")] = False,
) -> None:
    """Check settings, keys, database, audit chain, rules, journal, store and disk; exit 1 when something is not right.

    Without --repair it works beside a running server and changes nothing. A repair never deletes: what is damaged or
    repeated is moved to a folder of its own, and every repair is in the audit log.
    """
    if repair:
        with only_one(home_folder):
            _repair(home_folder, may_ask=not yes)
    with closing(open_home(home_folder)) as opened:
        checks = {**CHECKS, **(DEEP_CHECKS if deep or repair else {})}
        bad = sum(not _report(title, check, opened) for title, check in checks.items())
    if bad:
        raise typer.Exit(1)


def _repair(folder: Path, *, may_ask: bool) -> None:
    for name, each in REPAIRS.items():
        with closing(open_home(folder)) as opened:
            what = each.needed(opened)
            if not what:
                continue
            typer.echo(f"! {name}: {what}")
            if may_ask and not typer.confirm(f"  {each.question}", err=True):
                continue
            done = each.carry_out(opened)
            typer.echo(f"  {done}")
            opened.audit.record(
                actor=actor(),
                agency=CITY,
                action="doctor.repaired",
                object=name,
                why=what[:1000],
                detail={"done": done},
            )


def _report(title: str, check: Callable[[Home], str], opened: Home) -> bool:
    try:
        finding = check(opened)
    except (SentinelError, OSError) as error:
        typer.echo(f"✗ {title}: {error}")
        return False
    typer.echo(f"✓ {title}: {finding}")
    return True
