"""Makes a backup of a home while the server works on it.

The order is what makes it whole. The store's manifest and the journal are looked at in one moment, in which the journal
still has everything from the store's mark on; state comes after both, so it has every alert of what is stored, and what
the pipeline does again from the mark on changes nothing. The list of files comes last.
"""

import logging
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import zstandard
from sqlalchemy import Engine

from sentinel.audit import Audit
from sentinel.database.transfer import export
from sentinel.errors import InputError
from sentinel.journal.snapshot import JournalMoment, journal_moment
from sentinel.keeping.backup import contents, sealed_keys
from sentinel.keeping.backup.contents import Contents, Listed, Tell
from sentinel.keeping.backup.partial import LOCK, partial
from sentinel.model.moment import now, to_text
from sentinel.store.snapshot import MANIFEST, StoreMoment, store_moment

log = logging.getLogger(__name__)

TRIES = 100
PAUSE_SECONDS = 0.05
STAGING = "backup-staging-"
NOT_COPIED = ("lock", "rules-compiled", "keys")
"""What is in a home and in no backup as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is backed up."""

    home: Path
    engine: Engine
    audit: Audit
    journal: Path | None
    """None where it is Kafka's, and stays there."""
    store: Path | None
    """None where the events are in Elasticsearch, and stay there."""
    database: Path | None
    """The SQLite file, which is not copied as it is."""


def save(source: Source, target: Path, *, passphrase: str | None, is_linked: bool, tell: Tell) -> Contents:
    """Make a backup in the new folder `target`, or nothing; return its list.

    With `passphrase` the keys are in it, sealed. With `is_linked` the events' files are hard links where the disk is
    the same, else copies. Raises `ConflictError` where `target` exists, `UnavailableError` where it cannot go on.
    """
    if target.absolute().is_relative_to(source.home):
        raise InputError(f"{target} is inside of the home; name a folder elsewhere, best on another disk")
    with partial(target) as folder:
        made = Contents(
            made_at=to_text(now()),
            journal="local" if source.journal else "kafka",
            store="local" if source.store else "elastic",
            has_keys=passphrase is not None,
        )
        made, written = _events(source, folder, made, is_linked=is_linked, tell=tell)
        sequence, digest = source.audit.head()
        _state(source, folder / contents.STATE)
        if passphrase is not None:
            _private(folder / contents.KEYS, sealed_keys.seal(source.home / "keys", passphrase))
        _rest(source, folder / contents.REST)
        files = _listed(folder, tell)
        found = {Path(each.path).name: each.sha256 for each in files if each.path.startswith(f"{contents.EVENTS}/")}
        damaged = tuple(sorted(name for name, expected in written.items() if found.get(name) != expected))
        made = replace(made, audit_sequence=sequence, audit_digest=digest, files=files, damaged=damaged)
        made.write(folder)
    return made


@contextmanager
def together(source: Source) -> Iterator[tuple[StoreMoment | None, JournalMoment | None]]:
    """Give store and journal as they were in moments between which nothing was lost: no trim went past the mark."""
    for attempt in range(TRIES):
        with ExitStack() as stack:
            store = stack.enter_context(store_moment(source.store)) if source.store else None
            journal = stack.enter_context(journal_moment(source.journal)) if source.journal else None
            is_whole = store is None or journal is None or journal.begin <= store.mark
            if is_whole or attempt == TRIES - 1:
                if not is_whole:
                    log.warning("The journal begins after the store's mark; what lay between is in neither of them.")
                yield store, journal
                return
        time.sleep(PAUSE_SECONDS)


def _events(
    source: Source, folder: Path, made: Contents, *, is_linked: bool, tell: Tell
) -> tuple[Contents, dict[str, str]]:
    """Copy journal and store; return the list with what is known of them, and the hashes that files should have."""
    events = folder / contents.EVENTS
    written: dict[str, str] = {}
    with ExitStack() as stack:
        with together(source) as (store, journal):
            staged: list[Path] = []
            if store is not None and source.store is not None:
                staged = stack.enter_context(_staged(source.store, list(store.digests)))
                written |= {path.name: digest for path, digest in store.digests.items()}
                events.mkdir(mode=0o700)
                store.file.copy(events / MANIFEST)
                made = replace(made, mark=store.mark, events=store.events)
            if journal is not None:
                journal.file.copy(folder / contents.JOURNAL)
                made = replace(made, journal_begin=journal.begin, journal_end=journal.end)
        # Only now, with nothing held that the server could wait for: the files do not change, and ours stay.
        for path in staged:
            _take(path, events / path.name, is_linked=is_linked, tell=tell)
    return made, written


@contextmanager
def _staged(store: Path, files: Sequence[Path]) -> Iterator[list[Path]]:
    """Give hard links to the files, so that they outlive a merge, however long the copy takes."""
    for old in store.glob(f"{STAGING}*"):
        if not Path("/proc", old.name.removeprefix(STAGING)).exists():
            shutil.rmtree(old, ignore_errors=True)
    folder = store / f"{STAGING}{os.getpid()}"
    folder.mkdir(mode=0o700)
    try:
        links = []
        for path in files:
            # A segment that is gone is damage already; its ids are made anew when they are missing.
            with suppress(FileNotFoundError):
                (folder / path.name).hardlink_to(path)
                links.append(folder / path.name)
        yield links
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take(path: Path, target: Path, *, is_linked: bool, tell: Tell) -> None:
    if is_linked:
        with suppress(OSError):  # another disk
            target.hardlink_to(path)
            tell(path.stat().st_size)
            return
    with path.open("rb") as source, target.open("xb") as copy:
        while chunk := source.read(contents.CHUNK):
            copy.write(chunk)
            tell(len(chunk))


def _state(source: Source, path: Path) -> None:
    with path.open("xb") as file, zstandard.ZstdCompressor(level=3).stream_writer(file) as packed:
        for line in export(source.engine):
            packed.write(line.encode() + b"\n")


def _rest(source: Source, folder: Path) -> None:
    """Copy every other plain file of the home: settings, rules, playbooks."""
    skipped = {source.home / name for name in NOT_COPIED} | {
        path for path in (source.journal, source.store, source.database) if path is not None
    }
    for parent, folders, names in os.walk(source.home):
        here = Path(parent)
        folders[:] = [each for each in folders if here / each not in skipped and not (here / each).is_symlink()]
        for name in names:
            path = here / name
            base = here / name.removesuffix("-wal").removesuffix("-shm")
            if base in skipped or path.is_symlink() or not path.is_file():
                continue
            target = folder / path.relative_to(source.home)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _listed(folder: Path, tell: Tell) -> tuple[Listed, ...]:
    """Return the files with their hashes, read back from the disk."""
    paths = sorted(each for each in folder.rglob("*") if each.is_file() and each != folder / LOCK)
    return tuple(
        Listed(path.relative_to(folder).as_posix(), path.stat().st_size, contents.digest(path, tell)) for path in paths
    )


def _private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
