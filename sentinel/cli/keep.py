"""`sentinel keep`: how long what is kept, what the law asks, and what would be deleted now."""

from contextlib import closing

import typer

from sentinel.cli.columns import show
from sentinel.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from sentinel.keeping.keeper import Gone
from sentinel.keeping.law import LAW
from sentinel.model.moment import now
from sentinel.wiring import open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def keep(
    home_folder: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show how long each class is kept, the legal floor, and what is past its time; deletes nothing.

    The running server deletes what is past its time every six hours. Holds are shown by `sentinel hold list`.
    """
    with closing(open_home(home_folder)) as home:
        gone = home.keeper.preview(now())
        terms = home.settings.keep.terms().terms
    rows: list[dict[str, object]] = [
        {
            "what": term.name,
            "days": term.days,
            "level": term.level or None,
            "floor_days": term.floor_days if term.level else None,
            "datasets": " ".join(term.patterns),
        }
        for term in terms
    ]
    show(rows, as_json=as_json)
    typer.echo(f"The floors are those of {LAW}.", err=True)
    typer.echo(_due(gone), err=True)


def _due(gone: Gone) -> str:
    parts = [
        f"{each.records} events of {each.dataset or 'no dataset'} up to {each.last_at[:10]}" for each in gone.events
    ]
    parts += [f"{number} {name}" for name, number in gone.rows.items()]
    return "Past their time now: " + ("; ".join(parts) or "nothing") + "."
