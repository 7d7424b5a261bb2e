"""`sentinel search`: finds stored events by Lucene syntax, in the home folder itself."""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from sentinel.accounts.agencies import CITY
from sentinel.cli import search_export
from sentinel.cli.columns import printable, show
from sentinel.cli.moments import time_of
from sentinel.cli.options import DEFAULT_HOME, HomeOption
from sentinel.errors import InputError
from sentinel.model.export import FORMATS
from sentinel.model.moment import from_text
from sentinel.model.record import Record, nest
from sentinel.model.search import Bucket, Found, Search
from sentinel.wiring import Home, open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

SHOWN_CHARACTERS = 160
"""Of the text of an event, in the table."""
BAR_CHARACTERS = 40


@app.command()
def search(
    query: Annotated[
        str,
        typer.Argument(
            help="Lucene syntax: `user.name:root AND source.ip:10.0.0.0/8`. Words are found without accents: "
            "`hai phong` finds `Hải Phòng`."
        ),
    ] = "*",
    home_folder: HomeOption = DEFAULT_HOME,
    start: Annotated[
        str | None, typer.Option("--from", help="First time: 2026-11-23, 2026-11-23T08:00, or 24h, 7d for so long ago.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Time before which they happened, likewise.")] = None,
    limit: Annotated[int, typer.Option(help="How many to print at most.", min=0, max=10_000)] = 100,
    sort: Annotated[str, typer.Option(help="Field to sort by; events without it come last.")] = "@timestamp",
    oldest_first: Annotated[bool, typer.Option("--ascending", help="Oldest or smallest first.")] = False,
    after: Annotated[str, typer.Option(help="Where the page begins, as the page before said.")] = "",
    top: Annotated[
        list[str] | None, typer.Option(help="Print the most frequent values of this field; repeat for more.")
    ] = None,
    histogram: Annotated[int, typer.Option(help="Print when they happened, in so many bars at most.", min=0)] = 0,
    agency: Annotated[str, typer.Option(help="Only of this agency and those below it.")] = CITY,
    as_json: Annotated[bool, typer.Option("--json", help="One nested ECS object a line.")] = False,
    export: Annotated[
        str, typer.Option(help="Write all that is found, oldest first: jsonl, or csv safe for spreadsheets.")
    ] = "",
    output: Annotated[Path | None, typer.Option(help="File to export to; standard output otherwise.")] = None,
    fields: Annotated[str, typer.Option(help="Columns of a csv export, with commas between them.")] = "",
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
            newest_first=not oldest_first,
            sort=sort,
            after=after,
            top=tuple(top or ()),
            histogram_buckets=histogram,
        )
        if export:
            _export(home, asked, export, output, [name for name in fields.split(",") if name])
            return
        found = home.store.search(asked)
        _warn_of_damage(home, found)
    _print(found, zone, as_json=as_json)


def _export(home: Home, asked: Search, name: str, output: Path | None, columns: list[str]) -> None:
    if name not in FORMATS:
        raise InputError(f"--export: '{name}' is no format; choose {' or '.join(FORMATS)}")
    count = search_export.write(home.store, asked, name, columns, output)
    typer.echo(f"{count} exported.", err=True)


def _print(found: Found, zone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        for record in found.records:
            typer.echo(json.dumps(nest(record.fields), ensure_ascii=False))
    else:
        show([_row(record, zone) for record in found.records], as_json=False)
    for field, values in found.top.items():
        typer.echo(f"\n{printable(field)}", err=as_json)
        for value, count in values:
            typer.echo(f"{count:>10,}  {printable(value)}", err=as_json)
    if found.buckets:
        typer.echo("", err=as_json)
        highest = max(bucket.count for bucket in found.buckets)
        for bucket in found.buckets:
            typer.echo(_bar(bucket, highest, zone), err=as_json)
    typer.echo(f"{len(found.records)} of {found.total} found.", err=True)
    if found.next:
        typer.echo(f"Next page: --after {found.next}", err=True)


def _bar(bucket: Bucket, highest: int, zone: ZoneInfo) -> str:
    length = -(-BAR_CHARACTERS * bucket.count // max(highest, 1))
    return f"{_local(bucket.start, zone)}  {bucket.count:>10,}  {'#' * length}".rstrip()


def _warn_of_damage(home: Home, found: Found) -> None:
    if found.unreadable:
        typer.echo(
            f"{found.unreadable} damaged segments of this time could not be searched; `sentinel doctor --home "
            f"{home.path}` says more.",
            err=True,
        )


def _local(text: str, zone: ZoneInfo) -> str:
    return from_text(text).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _row(record: Record, zone: ZoneInfo) -> dict[str, object]:
    fields = record.fields
    text = str(fields.get("message") or fields.get("event.original", ""))
    return {
        "time": _local(record.at, zone),
        "dataset": fields.get("event.dataset"),
        "host": fields.get("host.name") or fields.get("observer.name"),
        "text": text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…",
    }
