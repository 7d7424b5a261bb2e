"""`sentinel collector`: tokens to enrol collectors with, and the collectors in use."""

from contextlib import closing
from typing import Annotated

import typer

from sentinel.accounts.agencies import CITY
from sentinel.cli.administrator import actor, administrator
from sentinel.cli.columns import show
from sentinel.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from sentinel.wiring import open_home

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Enrolment tokens and the collectors in use.",
)


@app.command()
def token(
    agency: Annotated[str, typer.Option(help="Agency the collector belongs to.")],
    name: Annotated[str, typer.Option(help="Name people know it by.")],
    minutes: Annotated[int, typer.Option(help="How long the token is good for.", min=1)] = 60 * 24,
    url: Annotated[str, typer.Option(help="Address for the collector; default: the server's own.")] = "",
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Print a token that enrols one collector, once: `sentinel-collect enrol TOKEN`."""
    with closing(open_home(home_folder)) as home:
        home.agencies.scope(agency)  # Names the nearest one where there is no such agency.
        made = home.enrolment.make_token(
            agency=agency,
            name=name,
            minutes=minutes,
            actor=actor(),
            url=url or home.settings.server.public_url,
            ca_fingerprint=home.keys.ca_fingerprint(),
        )
    typer.echo("On the agency's machine: sentinel-collect enrol TOKEN", err=True)
    typer.echo(made)


@app.command("list")
def list_collectors(
    agency: Annotated[str, typer.Option(help="Only collectors of this agency and those below it.")] = CITY,
    as_json: JsonOption = False,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """List the collectors by name."""
    with closing(open_home(home_folder)) as home:
        found = home.identities.find(home.agencies.scope(agency))
    show(
        [
            {
                "id": each.id,
                "name": each.name,
                "agency": each.agency,
                "host": each.host,
                "version": each.version,
                "last_seen": each.last_seen_at,
                "responds": each.can_respond,
                "revoked": each.revoked,
            }
            for each in found
        ],
        as_json=as_json,
    )


@app.command()
def revoke(
    collector: Annotated[str, typer.Argument(help="Id of the collector.")],
    why: Annotated[str, typer.Option(help="Reason for the audit log.")],
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Take a collector's access away, at once and for good; what it sent stays."""
    with closing(open_home(home_folder)) as home:
        home.identities.revoke(administrator(home.agencies), collector, why)
    typer.echo(f"{collector} is revoked; enrol it with a new token to let it back in.", err=True)
