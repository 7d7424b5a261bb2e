"""`sentinel hold`: what an authority ordered frozen is not deleted, however old, until the hold is lifted."""

from contextlib import closing
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from sentinel.cli.administrator import actor
from sentinel.cli.columns import show
from sentinel.cli.moments import time_of
from sentinel.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from sentinel.keeping.holds import BEGINNING, END, Hold
from sentinel.wiring import open_home

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Legal holds: events that stay."
)
WhyOption = Annotated[str, typer.Option("--why", help="The order, with its number and date; it is audited.")]


@app.command()
def place(
    why: WhyOption,
    agency: Annotated[str, typer.Option(help="Whose events, with every agency below it.")],
    dataset: Annotated[str, typer.Option(help="Which: '*', 'egov.*' or 'egov.portal'.")] = "*",
    start: Annotated[str | None, typer.Option("--from", help="First time of events, as 2026-11-23T08:00.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Time before which they happened; also in future.")] = None,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Hold events; prints the hold's id. What was deleted before cannot be held any more."""
    with closing(open_home(home_folder)) as home:
        zone = ZoneInfo(home.settings.display.zone)
        made = home.holds.place(
            actor(),
            agency=agency,
            dataset=dataset,
            why=why,
            from_at=time_of(start, zone, "--from") or BEGINNING,
            to_at=time_of(end, zone, "--to") or END,
        )
    typer.echo(made.id)


@app.command("list")
def list_holds(
    ever: Annotated[bool, typer.Option("--all", help="Also those that were lifted.")] = False,
    as_json: JsonOption = False,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """List the holds in force, oldest first."""
    with closing(open_home(home_folder)) as home:
        show([_row(hold) for hold in home.holds.find(ever=ever)], as_json=as_json)


@app.command()
def lift(
    hold: Annotated[str, typer.Argument(help="Id of the hold.")], why: WhyOption, home_folder: HomeOption = DEFAULT_HOME
) -> None:
    """End a hold: what it kept beyond its time is deleted within hours."""
    with closing(open_home(home_folder)) as home:
        lifted = home.holds.lift(actor(), hold, why)
    typer.echo(f"Lifted the hold of {lifted.agency} on {lifted.dataset}.", err=True)


def _row(hold: Hold) -> dict[str, object]:
    return {
        "id": hold.id,
        "agency": hold.agency,
        "dataset": hold.dataset,
        "from": "" if hold.from_at == BEGINNING else hold.from_at,
        "to": "" if hold.to_at == END else hold.to_at,
        "placed_by": hold.placed_by,
        "placed": hold.placed_at,
        "lifted_by": hold.lifted_by,
        "lifted": hold.lifted_at,
        "why": hold.why,
    }
