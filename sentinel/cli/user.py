"""`sentinel user`: who may use the console, and how they get in."""

import sys
from contextlib import closing
from typing import Annotated

import typer

from sentinel.accounts.agencies import CITY
from sentinel.accounts.users import UserRow, name_key
from sentinel.cli.administrator import actor
from sentinel.cli.columns import show
from sentinel.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from sentinel.errors import InputError
from sentinel.model.principal import Role
from sentinel.wiring import Home, open_home

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Users, roles and sign-in links."
)
NameArgument = Annotated[str, typer.Argument(help="User name.")]
Minutes = Annotated[int, typer.Option(help="How long the link is good for.")]


@app.command()
def add(
    name: NameArgument,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    agency: Annotated[str, typer.Option(help="Agency whose data they see, with everything below it.")],
    language: Annotated[str, typer.Option(help="Language of their pages: vi or en.")] = "vi",
    password: Annotated[bool, typer.Option("--password", help="Ask for a password instead of making a link.")] = False,
    minutes: Minutes = 60,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Add a user; prints a one-time sign-in link, or asks for a password."""
    with closing(open_home(home_folder)) as home:
        secret = _ask() if password else None
        made = home.users.create(name=name, role=role, agency=agency, password=secret, language=language, actor=actor())
        typer.echo(f"Added {made.name}, {made.role} of {made.agency}.", err=True)
        if not password:
            _print_link(home, made.id, minutes)


@app.command("list")
def list_users(
    agency: Annotated[str, typer.Option(help="Only users of this agency and those below it.")] = CITY,
    as_json: JsonOption = False,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """List the users by name."""
    with closing(open_home(home_folder)) as home:
        rows = home.users.find(home.agencies.scope(agency))
    show(
        [
            {
                "name": row.name,
                "role": row.role.value,
                "agency": row.agency,
                "language": row.language,
                "password": row.has_password,
                "disabled": row.disabled,
                "created": row.created_at,
            }
            for row in rows
        ],
        as_json=as_json,
    )


@app.command()
def link(name: NameArgument, minutes: Minutes = 15, home_folder: HomeOption = DEFAULT_HOME) -> None:
    """Print a link that signs the user in once."""
    with closing(open_home(home_folder)) as home:
        _print_link(home, _find(home, name).id, minutes)


@app.command()
def password(name: NameArgument, home_folder: HomeOption = DEFAULT_HOME) -> None:
    """Ask for a new password, or read it from standard input, and set it; ends the user's sessions."""
    with closing(open_home(home_folder)) as home:
        user = _find(home, name)
        home.users.set_password(user.id, _ask(), actor())
        typer.echo(f"The password of {user.name} is set; their sessions have ended.", err=True)


@app.command()
def disable(name: NameArgument, home_folder: HomeOption = DEFAULT_HOME) -> None:
    """Keep a user from signing in; ends their sessions and links."""
    with closing(open_home(home_folder)) as home:
        user = _find(home, name)
        home.users.disable(user.id, actor())
        typer.echo(f"{user.name} is disabled and signed out.", err=True)


def _find(home: Home, name: str) -> UserRow:
    users = home.users.find(home.agencies.scope(CITY))
    found = next((row for row in users if row.name == name_key(name)), None)
    if found is None:
        raise InputError(f"there is no user '{name[:64]}'; `sentinel user list` shows them")
    return found


def _ask() -> str:
    # Never an argument: the process list shows those to everybody on the machine.
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True))


def _print_link(home: Home, user_id: str, minutes: int) -> None:
    token = home.sign_in.make_link(user_id, minutes=minutes, actor=actor())
    typer.echo(f"One-time sign-in link, good for {minutes} minutes:", err=True)
    typer.echo(f"{home.settings.server.public_url}/sign-in/link?token={token}")
