"""`sentinel sender`: programs of others that may send, and their tokens."""

from contextlib import closing
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import typer

from sentinel.accounts.agencies import CITY
from sentinel.cli.administrator import administrator
from sentinel.cli.columns import show
from sentinel.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from sentinel.errors import InputError
from sentinel.home import make_client
from sentinel.model.sender import HTTP_DOORS, SYSLOG, Network, Sender, SenderLimits
from sentinel.wiring import open_home

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Programs of others that may send: Beats, syslog, OTLP and the like.",
)


@app.command()
def add(
    door: Annotated[str, typer.Option(help="Door it comes to: bulk, hec, otlp or syslog.")],
    agency: Annotated[str, typer.Option(help="Agency its events belong to.")],
    name: Annotated[str, typer.Option(help="Name people know it by.")],
    dataset: Annotated[str, typer.Option(help="Dataset of what does not say its own, for example linux.syslog.")],
    network: Annotated[list[str] | None, typer.Option(help="syslog: network it sends from; repeatable.")] = None,
    certificate: Annotated[str, typer.Option(help="syslog over TLS: SHA-256 of its client certificate, in hex.")] = "",
    events: Annotated[int, typer.Option("--events-per-second", help="How many events it may send.")] = 0,
    size: Annotated[int, typer.Option("--bytes-per-second", help="How many bytes it may send, unpacked.")] = 0,
    body: Annotated[int, typer.Option("--body-bytes", help="The longest body it may send.")] = 0,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Let a program send events of one agency, and print its token, once; a syslog sender has none.

    Give the token to the program as password of any user name, as API key, or as Splunk or bearer token.
    """
    with closing(open_home(home_folder)) as home:
        home.agencies.scope(agency)  # Names the nearest one where there is no such agency.
        sender, token = home.sender_desk.add(
            administrator(home.agencies),
            door=door,
            name=name,
            agency=agency,
            dataset=dataset,
            networks=tuple(_network(text) for text in network or ()),
            certificate=certificate,
            limits=_limits(events, size, body),
        )
    typer.echo(f"{sender.id} may send to the door '{door}'.", err=True)
    if door == SYSLOG:
        typer.echo(sender.id)
    else:
        typer.echo(token)


@app.command()
def certificate(
    name: Annotated[str, typer.Argument(help="Name in the certificate, and of its files.")],
    to: Annotated[Path, typer.Option(help="Folder for NAME.pem and NAME.key.")],
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a client certificate for syslog over TLS and print its SHA-256, which `add --certificate` takes."""
    with closing(open_home(home_folder)) as home:
        fingerprint = make_client(home.keys, name, to)
    typer.echo(f"Give {name}.pem, {name}.key and {home.keys.ca} to the sender; the key is kept nowhere else.", err=True)
    typer.echo(fingerprint)


@app.command("list")
def list_senders(
    agency: Annotated[str, typer.Option(help="Only senders of this agency and those below it.")] = CITY,
    as_json: JsonOption = False,
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """List the senders by name."""
    with closing(open_home(home_folder)) as home:
        found = home.senders.find(home.agencies.scope(agency))
    show([_row(each) for each in found], as_json=as_json)


@app.command()
def rotate(
    sender: Annotated[str, typer.Argument(help="Id of the sender.")],
    why: Annotated[str, typer.Option(help="Reason for the audit log.")],
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Print a new token for a sender, once; the one before is worth nothing from then on."""
    with closing(open_home(home_folder)) as home:
        token = home.sender_desk.rotate(administrator(home.agencies), sender, why)
    typer.echo(token)


@app.command()
def revoke(
    sender: Annotated[str, typer.Argument(help="Id of the sender.")],
    why: Annotated[str, typer.Option(help="Reason for the audit log.")],
    home_folder: HomeOption = DEFAULT_HOME,
) -> None:
    """Take a sender's access away, at once and for good; what it sent stays."""
    with closing(open_home(home_folder)) as home:
        home.sender_desk.revoke(administrator(home.agencies), sender, why)
    typer.echo(f"{sender} is revoked; add a new sender to let it back in.", err=True)


def _row(sender: Sender) -> dict[str, object]:
    proof = "token" if sender.door in HTTP_DOORS else ", ".join(str(network) for network in sender.networks)
    return {
        "id": sender.id,
        "name": sender.name,
        "door": sender.door,
        "agency": sender.agency,
        "dataset": sender.dataset,
        "known_by": proof or sender.certificate,
        "events_per_second": sender.limits.events_per_second,
        "last_seen": sender.last_seen_at,
        "revoked": sender.revoked,
    }


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise InputError(f"--network {text}: {error}; write it like 10.20.0.0/16") from error


def _limits(events: int, size: int, body: int) -> SenderLimits:
    asked = {"events_per_second": events, "bytes_per_second": size, "body_bytes": body}
    return replace(SenderLimits(), **{name: value for name, value in asked.items() if value})
