"""`sentinel bundle`: whether a sealed bundle is what was sealed, and by which server."""

from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.options import DEFAULT_HOME, HomeOption
from sentinel.errors import InputError
from sentinel.home import Keys
from sentinel.keeping.bundle.check import check
from sentinel.keeping.bundle.seal import fingerprint

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Sealed bundles: check one, show the key."
)
SignerOption = Annotated[Path | None, typer.Option("--home", help="Home whose key must have signed it.")]


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The bundle.")],
    key: Annotated[str, typer.Option(help="Fingerprint of the key that must have signed it.")] = "",
    home_folder: SignerOption = None,
) -> None:
    """Check signature and hashes of a bundle; needs no server. Exit 1 where anything is not as it was sealed.

    Without --key or --home it says which key signed it: compare that with what the server's people tell you.
    """
    expected = key.lower().replace(":", "") or (_own(home_folder) if home_folder is not None else "")
    try:
        sealed, signer = check(file)
    except InputError as error:
        typer.echo(f"✗ {error}", err=True)
        raise typer.Exit(1) from error
    if expected and signer != expected:
        typer.echo(f"✗ {file}: signed by another key, {signer}", err=True)
        raise typer.Exit(1)
    typer.echo(f"signed by   {signer}{' (as expected)' if expected else ''}")
    typer.echo(f"made at     {sealed.made_at} by {sealed.asked_by}: {sealed.why}")
    typer.echo(
        f"holds       {f'incident {sealed.incident}' if sealed.incident else sealed.query}, agency {sealed.agency}"
    )
    typer.echo(f"events      {sealed.events} from {sealed.first_at} to {sealed.last_at}")
    if sealed.missing or sealed.unreadable:
        typer.echo(f"lacks       {len(sealed.missing)} events that were gone, {sealed.unreadable} damaged parts")


@app.command("key")
def show_key(
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Print the fingerprint of the key that signs this server's bundles."""
    typer.echo(_own(home_folder))


def _own(home: Path) -> str:
    keys = Keys(home / "keys")
    if not keys.commands.is_file():
        raise InputError(f"{home} has no key at {keys.commands}; name a Sentinel home")
    return fingerprint(keys.signing_key().public_key())
