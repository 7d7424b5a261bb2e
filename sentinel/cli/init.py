"""`sentinel init`: a home folder with keys, settings, agencies and the first administrator."""

import re
from pathlib import Path
from typing import Annotated

import typer

from sentinel import config, home
from sentinel.errors import ConflictError, InputError, UnavailableError
from sentinel.model.principal import Role
from sentinel.wiring import open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

TEMPLATE = """# Settings of this Sentinel server; an unknown key is an error. All keys: docs/reference/settings.md

[server]
host = "{host}"
port = {port}
names = [{names}]

[display]
zone = "Asia/Ho_Chi_Minh"
language = "vi"
"""
NAME = re.compile(r"[A-Za-z0-9.:_-]{1,253}")


@app.command()
def init(
    home_folder: Annotated[Path, typer.Option("--home", help="Folder to make.", envvar="SENTINEL_HOME")] = Path(
        "sentinel"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8443,
    name: Annotated[list[str] | None, typer.Option(help="Name or address in the certificate (repeatable).")] = None,
    administrator: Annotated[str, typer.Option(help="Name of the first administrator.")] = "admin",
) -> None:
    """Set up a home folder: keys, settings, the agencies and the first administrator.

    Prints a one-time sign-in link for the administrator; `sentinel user link` makes another.
    """
    create(home_folder, host=host, port=port, names=name or ["localhost", "127.0.0.1"], administrator=administrator)
    opened = open_home(home_folder)
    user = opened.users.by_name(administrator)
    if user is None:
        raise UnavailableError(
            f"the administrator '{administrator}' is missing from {home_folder}; delete it and try again"
        )
    token = opened.sign_in.make_link(user.id, minutes=60, actor="init")
    typer.echo(f"Home: {home_folder.absolute()}", err=True)
    typer.echo(f"Start it with: sentinel serve --home {home_folder}", err=True)
    typer.echo("One-time sign-in link, good for 60 minutes once the server runs:", err=True)
    typer.echo(f"{opened.settings.server.public_url}/sign-in/link?token={token}")
    opened.close()


def create(path: Path, *, host: str, port: int, names: list[str], administrator: str) -> None:
    """Make the home folder; raise `ConflictError` where there is one already."""
    for each in [host, *names]:
        if not NAME.fullmatch(each):
            raise InputError(f"'{each}' is no host name or address; use letters, digits, dots and dashes")
    settings = path / config.FILE_NAME
    if settings.exists():
        raise ConflictError(f"{path} is a Sentinel home already; choose another --home or delete it")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.make_keys(path / "keys", names)
        settings.write_text(
            TEMPLATE.format(host=host, port=port, names=", ".join(f'"{each}"' for each in names)), "utf-8"
        )
    except OSError as error:
        raise UnavailableError(f"cannot set up {path}: {error.strerror}") from error
    opened = open_home(path)
    opened.agencies.load_bundled()
    opened.users.create(name=administrator, role=Role.ADMINISTRATOR, agency="city", actor="init")
    opened.close()
