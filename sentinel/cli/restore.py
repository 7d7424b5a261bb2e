"""`sentinel restore`: a backup becomes a home again, in an empty place."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.backup import read_passphrase
from sentinel.cli.copying import copying
from sentinel.errors import InputError
from sentinel.keeping.backup.restore import fill, restored, verify
from sentinel.wiring import open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def restore(
    backup: Annotated[Path, typer.Argument(help="Folder that `sentinel backup` made.")],
    home_folder: Annotated[
        Path, typer.Option("--home", help="Home folder to make; it must be empty.", envvar="SENTINEL_HOME")
    ] = Path("sentinel"),
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File with the passphrase of the keys; `-`: standard input.")
    ] = None,
    verify_only: Annotated[bool, typer.Option("--verify-only", help="Only check every file by its hash.")] = False,
) -> None:
    """Restore a backup into an empty home, and into the empty database that its settings name; all or nothing.

    Every file is checked by its hash, and the audit log by its chain. Stop the old server before you start this one.
    """
    if verify_only:
        with copying() as tell:
            made = verify(backup, tell)
        typer.echo(f"{backup}: whole; made at {made.made_at}, {made.events:,} events.", err=True)
        return
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    with copying() as tell, restored(backup, home_folder, passphrase=passphrase, tell=tell) as (folder, made):
        if made.has_keys and passphrase is None:
            raise InputError("this backup holds the keys; say --passphrase-file FILE")
        with closing(open_home(folder)) as opened:
            opened.check_it_lies_inside()
            fill(folder, made, opened.database)
    typer.echo(f"{home_folder}: restored as of {made.made_at}, {made.events:,} events.", err=True)
    if not made.has_keys:
        typer.echo(f"The keys were not in the backup: put them into {home_folder / 'keys'} before you start.", err=True)
