"""`sentinel quarantine`: events that could not be read or stored, why, and what to do with them."""

import json
from contextlib import closing
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from sentinel.accounts.agencies import CITY
from sentinel.cli.administrator import administrator
from sentinel.cli.columns import show
from sentinel.cli.examples import shown
from sentinel.cli.moments import time_of
from sentinel.cli.options import DEFAULT_HOME, HomeOption
from sentinel.errors import InputError
from sentinel.model.record import nest
from sentinel.quarantine.desk import Wanted
from sentinel.quarantine.rows import Item
from sentinel.wiring import Home, open_home

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Events that could not be read or stored: list them, send them on their way again, give them up.",
)
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Ids of events; none: all.")]
Dataset = Annotated[str, typer.Option(help="Only of this dataset.")]
From = Annotated[str | None, typer.Option("--from", help="First time: 2026-11-23, 2026-11-23T08:00, 24h, 7d.")]
To = Annotated[str | None, typer.Option("--to", help="Time before which they happened.")]
SHOWN_CHARACTERS = 100


@app.command("list")
def list_items(
    dataset: Dataset = "",
    start: From = None,
    end: To = None,
    limit: Annotated[int, typer.Option(help="How many to print at most.", min=1, max=100_000)] = 100,
    agency: Annotated[str, typer.Option(help="Only of this agency and those below it.")] = CITY,
    as_json: Annotated[bool, typer.Option("--json", help="One nested ECS object a line, with reason.")] = False,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """List what waits, with its reason. Exits with 1 when there is something, 0 when there is nothing."""
    with closing(open_home(home_folder)) as home:
        scope = home.agencies.scope(agency)
        found = list(islice(home.quarantine.items(scope, _wanted(home, (), dataset, start, end)), limit))
    if as_json:
        for item in found:
            typer.echo(json.dumps(_document(item), ensure_ascii=False))
    else:
        show([_row(item) for item in found], as_json=False)
    if found:
        raise SystemExit(1)


@app.command("show")
def show_item(event_id: Annotated[str, typer.Argument(metavar="ID")], home_folder: HomeOption = DEFAULT_HOME) -> None:
    """Print one event in quarantine as nested ECS, with its reason."""
    with closing(open_home(home_folder)) as home:
        found = next(home.quarantine.items(home.agencies.scope(CITY), Wanted(ids=(event_id,))), None)
    if found is None:
        raise InputError(f"there is no event '{event_id[:64]}' in quarantine; `sentinel quarantine list` names them")
    typer.echo(json.dumps(_document(found), ensure_ascii=False, indent=2))


@app.command(
    epilog=shown(
        "sentinel quarantine replay --dataset nginx.access --from 7d",
        "sentinel quarantine replay 4f0c... --as linux.auth",
    )
)
def replay(
    ids: Ids = None,
    dataset: Dataset = "",
    start: From = None,
    end: To = None,
    read_as: Annotated[str, typer.Option("--as", help="The dataset they really are of.")] = "",
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Send events on their way again, as if they had just come. What its parser would reject again is left.

    Each gets a new id and is judged by the rules in force; the line that was kept stays as evidence. Exits with 1 when
    some were left.
    """
    with closing(open_home(home_folder)) as home:
        who = administrator(home.agencies)
        done = home.quarantine.replay(who, _wanted(home, ids or (), dataset, start, end), read_as)
    typer.echo(f"{done.sent} sent again, {done.still_broken} left: their parser would reject them again.", err=True)
    if done.still_broken:
        raise SystemExit(1)


@app.command()
def drop(
    why: Annotated[str, typer.Option(help="Reason for the audit log.")],
    ids: Ids = None,
    dataset: Dataset = "",
    start: From = None,
    end: To = None,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Give events up: they are not listed any more. Lines that the store has stay there."""
    with closing(open_home(home_folder)) as home:
        count = home.quarantine.drop(administrator(home.agencies), _wanted(home, ids or (), dataset, start, end), why)
    typer.echo(f"{count} given up.", err=True)


def _wanted(home: Home, ids: "list[str] | tuple[()]", dataset: str, start: str | None, end: str | None) -> Wanted:
    zone = ZoneInfo(home.settings.display.zone)
    return Wanted(ids=tuple(ids), dataset=dataset, start=time_of(start, zone, "--from"), end=time_of(end, zone, "--to"))


def _document(item: Item) -> dict[str, object]:
    more = {"stage": item.stage.value, "reason": item.reason, "at": item.at, "attempts": item.attempts}
    return {"id": item.record.id, "quarantine": more, **nest(item.record.fields)}


def _row(item: Item) -> dict[str, object]:
    reason = item.reason
    return {
        "id": item.record.id,
        "stage": item.stage,
        "dataset": item.dataset,
        "agency": item.agency,
        "at": item.at[:16],
        "reason": reason if len(reason) <= SHOWN_CHARACTERS else reason[: SHOWN_CHARACTERS - 1] + "…",
    }
