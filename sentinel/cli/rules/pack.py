"""`sentinel rules pack`: makes a signed pack of a folder of rules."""

from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.rules.folders import say
from sentinel.errors import InputError, UnavailableError


def pack(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of rules, with their samples.")],
    out: Annotated[Path, typer.Option(help="The pack to write, NAME.tar.gz.")],
    name: Annotated[str, typer.Option(help="Name of the pack: a-z, 0-9, - and _.")],
    version: Annotated[str, typer.Option(help="Version of the pack.")],
    key: Annotated[Path | None, typer.Option(help="Ed25519 private key in PEM that signs it.")] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Make it without a signature.")] = False,
) -> None:
    """Make a pack that others can verify and install.

    `openssl genpkey -algorithm ed25519 -out pack.key` makes a key; `openssl pkey -in pack.key -pubout -out pack.pub`
    writes its public half, which those who install the pack name with --trust.
    """
    from sentinel.rulepacks.make import make_pack
    from sentinel.rulepacks.manifest import private_key

    if (key is None) != unsigned:
        raise InputError("say --key FILE to sign the pack, or --unsigned")
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of rules")
    content = make_pack(folder, name, version, None if key is None else private_key(key))
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_bytes(content)
        part.replace(out)
    except OSError as error:
        raise UnavailableError(f"cannot write {out}: {error.strerror}") from error
    say(f"{out}: {name} {version}, {len(content):,} bytes{', unsigned' if unsigned else ''}")
