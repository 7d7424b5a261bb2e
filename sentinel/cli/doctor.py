"""`sentinel doctor`: checks a home folder without changing it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from sentinel.errors import SentinelError, UnavailableError
from sentinel.model.moment import now
from sentinel.selfwatch.disk import DiskHistory
from sentinel.wiring import Home, open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def doctor(
    home_folder: Annotated[Path, typer.Option("--home", help="Home folder.", envvar="SENTINEL_HOME")] = Path(
        "sentinel"
    ),
) -> None:
    """Check settings, keys, audit chain, rules, playbooks, journal and store; exit 1 when something is not right.

    Works beside a running server and changes nothing.
    """
    opened = open_home(home_folder)
    bad = sum(not _report(title, check, opened) for title, check in CHECKS.items())
    opened.close()
    if bad:
        raise typer.Exit(1)


def _report(title: str, check: Callable[[Home], str], opened: Home) -> bool:
    try:
        finding = check(opened)
    except SentinelError as error:
        typer.echo(f"✗ {title}: {error}")
        return False
    typer.echo(f"✓ {title}: {finding}")
    return True


def _keys(opened: Home) -> str:
    opened.keys.signing_key()
    return f"CA {opened.keys.ca_fingerprint()[:16]}…, command key in place"


def _audit(opened: Home) -> str:
    return f"{opened.audit.verify()} entries, chain unbroken"


def _rules(opened: Home) -> str:
    rules = opened.rules
    return f"{len(rules.rules)} rules, {len(rules.correlations)} correlations, {len(rules.faults)} set aside"


def _playbooks(opened: Home) -> str:
    return f"{len(opened.library.playbooks)} playbooks, {len(opened.library.faults)} set aside"


def _journal(opened: Home) -> str:
    journal, store = opened.journal, opened.store
    waiting = [number for number in journal.parts() if journal.part(number).read(store.mark(number).position, 1)]
    return f"{len(journal.parts())} parts, {len(waiting)} of them with events that wait for the pipeline"


def _store(opened: Home) -> str:
    if troubles := opened.store.troubles():
        raise UnavailableError(f"{len(troubles)} parts cannot be read: {'; '.join(troubles[:10])}")
    return "every segment that was read so far is whole"


def _disk(opened: Home) -> str:
    total, _, free = shutil.disk_usage(opened.path)
    used = f"{100 * (1 - free / total):.0f} % used, {free / 1e9:.1f} GB free"
    full_on = DiskHistory(opened.path).full_on(now())
    return f"{used}; at the present rate full on {full_on:%Y-%m-%d}" if full_on else used


CHECKS: dict[str, Callable[[Home], str]] = {
    "keys": _keys,
    "audit log": _audit,
    "rules": _rules,
    "playbooks": _playbooks,
    "journal": _journal,
    "store": _store,
    "disk": _disk,
}
