"""Brings a backup into an empty place: every file is checked by its hash while it is copied, then all together."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import zstandard
from sqlalchemy import Engine

from sentinel.audit import Audit
from sentinel.database.transfer import bring_in, holds
from sentinel.errors import InputError, UnavailableError
from sentinel.keeping.backup import contents, sealed_keys
from sentinel.keeping.backup.contents import Contents, Listed, Tell
from sentinel.keeping.backup.partial import partial
from sentinel.model.agency import CITY

Open = Callable[[Path], Engine]
"""Gives the database of the home in a folder, as its settings say, not migrated."""


def verify(backup: Path, tell: Tell) -> Contents:
    """Return the list of a whole backup; raise `InputError` naming the first file that is not as it was written."""
    made = contents.read(backup)
    for listed in made.files:
        found = contents.digest(_inside(backup, listed), tell)
        if found != listed.sha256:
            raise InputError(_changed(backup, listed))
    _nothing_else(backup, made)
    return made


@contextmanager
def restored(backup: Path, home: Path, *, passphrase: str | None, tell: Tell) -> Iterator[tuple[Path, Contents]]:
    """Give a folder with the files of the backup, which becomes `home` when the block ends without an error.

    The database is filled by `fill` inside the block. Raises `ConflictError` where `home` holds something, `InputError`
    for a backup that is damaged, `RefusedError` for a wrong passphrase.
    """
    made = contents.read(backup)
    _nothing_else(backup, made)
    with partial(home) as folder:
        for listed in made.files:
            if listed.path != contents.KEYS:
                _copy(backup, listed, _target(folder, listed), tell)
        if passphrase is not None and made.has_keys:
            sealed_keys.unseal((backup / contents.KEYS).read_bytes(), passphrase, folder / "keys")
        yield folder, made
        (folder / contents.STATE).unlink()


def fill(folder: Path, made: Contents, engine: Engine) -> None:
    """Bring the state into the empty database, check the audit chain against the noted head, and note the restoring.

    A database that holds exactly this state is what a restore left that was killed at its end, and is taken.
    """
    path = folder / contents.STATE
    with _lines(path) as lines:
        is_there = holds(engine, lines)
    if not is_there:
        with _lines(path) as lines:
            bring_in(engine, lines)
    audit = Audit(engine)
    audit.verify((made.audit_sequence, made.audit_digest))
    detail = {"made": made.made_at, "value": made.events, "unit": "events"}
    audit.record(actor="restore", agency=CITY, action="backup.restored", object=made.made_at, detail=detail)


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[str]]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as plain:
        yield (line.removesuffix("\n") for line in io.TextIOWrapper(plain, "utf-8", newline="\n"))


def _target(folder: Path, listed: Listed) -> Path:
    """Return where a file of the backup lies in a home."""
    inside = Path(listed.path)
    return folder / (inside.relative_to(contents.REST) if inside.parts[0] == contents.REST else inside)


def _copy(backup: Path, listed: Listed, target: Path, tell: Tell) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = hashlib.sha256()
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as copy, _inside(backup, listed).open("rb") as source:
            while chunk := source.read(contents.CHUNK):
                found.update(chunk)
                copy.write(chunk)
                tell(len(chunk))
    except OSError as error:
        raise UnavailableError(f"cannot copy {listed.path} to {target}: {error.strerror}") from error
    if found.hexdigest() != listed.sha256:
        raise InputError(_changed(backup, listed))


def _inside(backup: Path, listed: Listed) -> Path:
    path = backup / listed.path
    if path.is_symlink() or not path.is_file() or path.stat().st_size != listed.bytes:
        raise InputError(_changed(backup, listed))
    return path


def _changed(backup: Path, listed: Listed) -> str:
    return f"{backup / listed.path} is not as it was written; the backup is damaged, use another"


def _nothing_else(backup: Path, made: Contents) -> None:
    known = {each.path for each in made.files} | {contents.FILE_NAME}
    for path in backup.rglob("*"):
        if not path.is_dir() and path.relative_to(backup).as_posix() not in known:
            raise InputError(f"{path} is not in the backup's list; somebody put it there")
