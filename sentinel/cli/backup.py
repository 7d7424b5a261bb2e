"""`sentinel backup`: a whole copy of a home, made while the server runs."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.administrator import actor
from sentinel.cli.copying import copying
from sentinel.cli.options import DEFAULT_HOME, HomeOption
from sentinel.errors import InputError
from sentinel.keeping.backup import sealed_keys
from sentinel.keeping.backup.save import save
from sentinel.model.agency import CITY
from sentinel.model.moment import now
from sentinel.wiring import open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it must not exist.")],
    home_folder: HomeOption = DEFAULT_HOME,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(help="File with the passphrase that seals the keys in the backup; `-`: standard input."),
    ] = None,
    without_keys: Annotated[bool, typer.Option("--without-keys", help="Leave the keys out; keep them apart.")] = False,
    dated: Annotated[
        bool, typer.Option("--dated", help="FOLDER holds backups; make one in it, named by the time.")
    ] = False,
    link: Annotated[
        bool, typer.Option("--link", help="Hard links instead of copies of the events' files, on the same disk.")
    ] = False,
) -> None:
    """Back up settings, keys, state, journal and events into a new folder, also while the server runs.

    Restoring it brings back everything that was acknowledged before it began. Exit 1 where files were damaged already.
    """
    if (passphrase_file is None) is not without_keys:
        raise InputError("say --passphrase-file FILE to have the keys in the backup, sealed, or --without-keys")
    if dated:
        folder = folder / f"{now():%Y%m%dT%H%M%SZ}"
    passphrase = None if passphrase_file is None else sealed_keys.check(read_passphrase(passphrase_file))
    with closing(open_home(home_folder)) as home:
        with copying() as tell:
            made = save(home.backup_source, folder, passphrase=passphrase, is_linked=link, tell=tell)
        detail = {"value": made.events, "unit": "events", "keys": made.has_keys, "damaged": len(made.damaged)}
        home.audit.record(
            actor=actor(), agency=CITY, action="backup.made", object=str(folder.absolute()), detail=detail
        )
    size = sum(each.bytes for each in made.files)
    typer.echo(f"{folder}: {len(made.files)} files, {size:,} bytes, {made.events:,} events.", err=True)
    for kind, place, hint in (
        (made.journal, "journal is in Kafka", "it holds what is not stored yet"),
        (made.store, "events are in Elasticsearch", "make a snapshot there after this backup, not before"),
    ):
        if kind != "local":
            typer.echo(f"The {place} and not in this backup: {hint}.", err=True)
    if made.damaged:
        typer.echo(f"Damaged before they were copied: {', '.join(made.damaged)}; see `sentinel doctor`.", err=True)
        raise typer.Exit(1)


def read_passphrase(path: Path) -> str:
    """Return the first line of a file or of standard input; never an argument, which the process list shows."""
    if str(path) == "-":
        return sys.stdin.readline().rstrip("\r\n")
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(10_000).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the passphrase in {path}: {error}") from error
