"""`sentinel rules install`: brings a rule pack into a folder, whole or not at all."""

import json as to_json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.rules.folders import MAX_NAMED, Json, say
from sentinel.errors import InputError

if TYPE_CHECKING:
    from sentinel.rulepacks.install import Installed

FOLDER = Path("rules") / "installed"
"""Where packs lie in a home folder."""


def install(
    source: Annotated[Path | None, typer.Argument(metavar="FILE|DIR", help="Archive (zip, tar.gz) or folder.")] = None,
    into: Annotated[Path | None, typer.Option(help="Folder that takes the pack, as a folder of its own.")] = None,
    home: Annotated[Path | None, typer.Option(help="Home folder of a server: into its rules/installed.")] = None,
    trust: Annotated[
        list[Path] | None, typer.Option(help="Ed25519 public key in PEM that may have signed it (repeatable).")
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Take it though nobody vouches for it.")] = False,
    name: Annotated[str | None, typer.Option(help="Name of the pack, where it says none of its own.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the packs that are there.")] = False,
    back: Annotated[str | None, typer.Option(metavar="NAME", help="Go back to the previous version of NAME.")] = None,
    json: Json = False,
) -> None:
    """Install a rule pack: a SigmaHQ release archive, a folder of rules, or a pack made by `sentinel rules pack`.

    Broken rules are set aside by name; the sound ones take the place of the version before in one step, which is
    kept. Exits with 1 where a rule was set aside as broken; nothing is installed from an archive that is damaged,
    wrongly signed, or a trap.
    """
    from sentinel.rulepacks import install as packs

    folder = _folder(into, home)
    if sum((source is not None, show, back is not None)) != 1:
        raise InputError("say one of FILE, --list and --back NAME")
    if show:
        _list(folder, as_json=json)
        return
    if back is not None:
        done = packs.go_back(back, folder)
    else:
        done = _install(source or Path(), folder, trust or [], unsigned=unsigned, name=name)
    _say_what_was_done(done, folder, as_json=json)
    if home is not None:
        _say_whether_it_is_read(home, folder)
    if any(each.is_broken for each in done.set_aside):
        raise SystemExit(1)


def _install(source: Path, folder: Path, trust: list[Path], *, unsigned: bool, name: str | None) -> "Installed":
    from sentinel.model.moment import now
    from sentinel.rulepacks.install import install as put
    from sentinel.rulepacks.install import open_pack
    from sentinel.rulepacks.manifest import public_key

    trusted = dict(public_key(path) for path in trust)
    return put(open_pack(source, trusted, unsigned=unsigned, name=name), folder, now())


def _folder(into: Path | None, home: Path | None) -> Path:
    if (into is None) == (home is None):
        raise InputError("say where to: --into DIR, or --home DIR of a server")
    return into if into is not None else (home or Path()) / FOLDER


def _list(folder: Path, *, as_json: bool) -> None:
    from sentinel.cli.columns import show
    from sentinel.rulepacks.install import packs

    rows = [
        {
            "name": found.name,
            "version": found.version,
            "rules": found.rules,
            "set_aside": len(found.set_aside),
            "signed_by": found.signed_by or None,
            "installed": found.at,
            "source": found.source,
            "previous": previous.version if previous else None,
        }
        for found, previous in packs(folder)
    ]
    show(rows, as_json=as_json)


def _say_what_was_done(done: "Installed", folder: Path, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(to_json.dumps(asdict(done), ensure_ascii=False) + "\n")
        return
    broken = [each for each in done.set_aside if each.is_broken]
    for each in broken[:MAX_NAMED]:
        say(f"set aside: {each.file}: {each.reason}")
    if done.set_aside:
        said = f"{len(broken)} broken, {len(done.set_aside) - len(broken)} deprecated or unsupported"
        say(f"set aside in all: {said}; `sentinel rules list {folder} --why-skipped` names them")
    vouched = f"signed by {done.signed_by}" if done.signed_by else "not signed by anybody you named"
    say(f"{done.name} {done.version}: {done.rules} rules in {folder / done.name}, {vouched}")


def _say_whether_it_is_read(home: Path, folder: Path) -> None:
    from sentinel import bundled
    from sentinel.config import FILE_NAME, load

    places = list(load(home).content.rules) or [bundled.folder("rules")]
    target = folder.resolve()
    if not any(target.is_relative_to(place.resolve()) for place in places):
        listed = ", ".join(f'"{place}"' for place in [*places, target])
        say(f"the server does not read it yet; in {home / FILE_NAME} below [content] write: rules = [{listed}]")
