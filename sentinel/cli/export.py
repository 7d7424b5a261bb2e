"""`sentinel export`: events as evidence, in a sealed bundle that anybody can check."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from sentinel.accounts.agencies import CITY
from sentinel.cli.administrator import actor
from sentinel.cli.moments import time_of
from sentinel.cli.options import DEFAULT_HOME, HomeOption
from sentinel.errors import InputError
from sentinel.keeping.bundle.evidence import gather, records
from sentinel.keeping.bundle.make import make
from sentinel.keeping.bundle.seal import Sealed
from sentinel.model.moment import now, to_text
from sentinel.model.search import Search
from sentinel.wiring import Home, open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def export(
    bundle: Annotated[Path, typer.Option(help="File to make; it must not exist.")],
    why: Annotated[str, typer.Option(help="What it is for; it is in the bundle and audited.")],
    query: Annotated[str, typer.Argument(help="Lucene syntax; empty with --incident.")] = "",
    home_folder: HomeOption = DEFAULT_HOME,
    incident: Annotated[str, typer.Option(help="Id of an incident: its events, alerts and timeline.")] = "",
    start: Annotated[str | None, typer.Option("--from", help="First time: 2026-11-23, 2026-11-23T08:00, 7d.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Time before which they happened.")] = None,
    agency: Annotated[str, typer.Option(help="Only of this agency and those below it.")] = CITY,
) -> None:
    """Seal the events that a query finds, or those of an incident, into one signed file with the hash of everything.

    Prints the file's SHA-256: note it with who got the file. `sentinel bundle verify` checks it anywhere.
    """
    if bool(query) is bool(incident):
        raise InputError("say a query, or --incident ID")
    if not why.strip():
        raise InputError("--why: say what the bundle is for")
    with closing(open_home(home_folder)) as home:
        zone = ZoneInfo(home.settings.display.zone)
        scope = home.agencies.scope(agency)
        asked = Sealed(
            made_at=to_text(now()),
            asked_by=actor(),
            why=why,
            query=query,
            incident=incident,
            agency=agency,
            scope=tuple(sorted(scope)),
            start=time_of(start, zone, "--from"),
            end=time_of(end, zone, "--to"),
            events=0,
            first_at="",
            last_at="",
            missing=(),
            unreadable=0,
        )
        done, digest = _of_incident(home, bundle, asked) if incident else _of_query(home, bundle, asked)
        detail = {"value": done.events, "unit": "events", "query": query[:2_000], "sha256": digest}
        home.audit.record(
            actor=actor(), agency=agency, action="bundle.made", object=incident or str(bundle), why=why, detail=detail
        )
    typer.echo(f"{bundle}: {done.events:,} events from {done.first_at} to {done.last_at}.", err=True)
    if done.missing or done.unreadable:
        typer.echo(f"{len(done.missing)} events are gone, {done.unreadable} parts of the store are damaged.", err=True)
    typer.echo(digest)


def _of_query(home: Home, target: Path, asked: Sealed) -> tuple[Sealed, str]:
    search = Search(scope=frozenset(asked.scope), query=asked.query, start=asked.start, end=asked.end, limit=0)
    unreadable = home.store.search(search).unreadable
    found = home.store.scan(search)
    return make(target, replace(asked, unreadable=unreadable), found, None, home.keys.signing_key(), _silent)


def _of_incident(home: Home, target: Path, asked: Sealed) -> tuple[Sealed, str]:
    scope = frozenset(asked.scope)
    evidence = gather(home.engine, home.incidents, home.alerts, scope, asked.incident)
    missing: list[str] = []
    found = list(records(home.store, scope, evidence.ids, missing))
    asked = replace(asked, missing=tuple(missing))
    return make(target, asked, found, evidence.document, home.keys.signing_key(), _silent)


def _silent(_events: int) -> None:
    """Show nothing."""
