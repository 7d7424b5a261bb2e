"""`sentinel search`: finds stored events by Lucene syntax, in the home folder itself."""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from sentinel.accounts.agencies import CITY
from sentinel.cli.columns import show
from sentinel.cli.moments import time_of
from sentinel.errors import InputError
from sentinel.model.moment import from_text
from sentinel.model.record import Record, nest
from sentinel.model.search import Found, Search
from sentinel.wiring import Home, open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

SHOWN_CHARACTERS = 160
"""Of the text of an event, in the table."""


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Lucene syntax: `user.name:root AND source.ip:10.0.0.0/8`.")] = "*",
    home_folder: Annotated[Path, typer.Option("--home", help="Home folder.", envvar="SENTINEL_HOME")] = Path(
        "sentinel"
    ),
    start: Annotated[
        str | None, typer.Option("--from", help="First time: 2026-11-23, 2026-11-23T08:00, 24h, 7d.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Time before which they happened.")] = None,
    limit: Annotated[int, typer.Option(help="How many to print at most, newest first.", min=0, max=10_000)] = 100,
    agency: Annotated[str, typer.Option(help="Only of this agency and those below it.")] = CITY,
    as_json: Annotated[bool, typer.Option("--json", help="One nested ECS object a line.")] = False,
) -> None:
    """Find stored events; also beside a running server. Times without a zone are in the display zone."""
    with closing(open_home(home_folder)) as home:
        zone = ZoneInfo(home.settings.display.zone)
        if home.agencies.get(agency) is None:
            raise InputError(f"there is no agency '{agency}'")
        asked = Search(
            scope=home.agencies.scope(agency),
            query=query,
            start=time_of(start, zone, "--from"),
            end=time_of(end, zone, "--to"),
            limit=limit,
        )
        found = home.store.search(asked)
        _warn_of_damage(home, found)
    if as_json:
        for record in found.records:
            typer.echo(json.dumps(nest(record.fields), ensure_ascii=False))
    else:
        show([_row(record, zone) for record in found.records], as_json=False)
    typer.echo(f"{len(found.records)} of {found.total} found.", err=True)


def _warn_of_damage(home: Home, found: Found) -> None:
    if found.unreadable:
        typer.echo(
            f"{found.unreadable} damaged segments of this time could not be searched; `sentinel doctor --home "
            f"{home.path}` says more.",
            err=True,
        )


def _row(record: Record, zone: ZoneInfo) -> dict[str, object]:
    fields = record.fields
    text = str(fields.get("message") or fields.get("event.original", ""))
    return {
        "time": from_text(record.at).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        "dataset": fields.get("event.dataset"),
        "host": fields.get("host.name") or fields.get("observer.name"),
        "text": text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…",
    }
