"""`sentinel agency`: the ids that enrolment tokens and users need."""

import unicodedata
from datetime import date
from typing import Annotated

import typer

from sentinel.cli.options import DEFAULT_HOME, HomeOption
from sentinel.wiring import open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def agency(
    text: Annotated[str, typer.Argument(help="Part of an id or name; accents and case do not matter.")] = "",
    home_folder: HomeOption = DEFAULT_HOME,
    on: Annotated[str, typer.Option(help="Day YYYY-MM-DD on which they must exist; empty: today.")] = "",
    ever: Annotated[bool, typer.Option("--all", help="Also those that no longer exist.")] = False,
) -> None:
    """List agencies: id, kind, name, parent, and from when to when they exist; exit 1 when there is none."""
    opened = open_home(home_folder)
    day = None if ever else on or date.today().isoformat()  # noqa: DTZ011 - the machine's own day is meant
    wanted = plain(text)
    found = [each for each in opened.agencies.all(day) if wanted in plain(f"{each.id} {each.name} {each.name_en}")]
    opened.close()
    for each in found:
        until = each.valid_to or ""
        typer.echo(
            f"{each.id:<20}{each.kind:<12}{each.name} ({each.name_en})\t{each.parent or ''}\t{each.valid_from} {until}"
        )
    if not found:
        typer.echo("no agency fits", err=True)
        raise typer.Exit(1)


def plain(text: str) -> str:
    """Return `text` without accents and case: `hai phong` for `Hải Phòng`."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
