"""What a backup holds: the list of its files with their hashes, and what was true when it was made."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sentinel import __version__
from sentinel.errors import InputError, UnavailableError

FILE_NAME = "backup.json"
FORMAT, VERSION = "sentinel-backup", 1
STATE, JOURNAL, EVENTS, KEYS, REST = "state.jsonl.zst", "journal.db", "events", "keys.sealed", "home"
CHUNK = 1_000_000
MAX_LIST_BYTES = 500_000_000
Tell = Callable[[int], None]
"""Takes the bytes done with since the last call."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of the backup."""

    path: str
    """Below the backup's folder, with `/`."""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The list; written last, so a folder without it is no backup."""

    made_at: str
    sentinel: str = __version__
    format: str = FORMAT
    version: int = VERSION
    journal: str
    """`local`, or where it is and stays: `kafka`."""
    store: str
    """`local`, or where the events are and stay: `elastic`."""
    mark: int = 0
    journal_begin: int = 0
    journal_end: int = 0
    events: int = 0
    audit_sequence: int = 0
    audit_digest: str = ""
    has_keys: bool = False
    damaged: tuple[str, ...] = ()
    """Files that were damaged already when they were copied."""
    files: tuple[Listed, ...] = field(default=())

    def write(self, folder: Path) -> None:
        """Write the list."""
        (folder / FILE_NAME).write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


def read(folder: Path) -> Contents:
    """Return the list of a backup; raise `InputError` where the folder holds none, or one that cannot be used."""
    path = folder / FILE_NAME
    try:
        if path.stat().st_size > MAX_LIST_BYTES:
            raise InputError(f"{path}: too long for a list of files")
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{folder} is no backup, or not a whole one: it has no {FILE_NAME}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT or document.get("version") != VERSION:
        raise InputError(f"{path}: not a list of this version of Sentinel's backups")
    try:
        files = tuple(Listed(str(each["path"]), int(each["bytes"]), str(each["sha256"])) for each in document["files"])
        contents = Contents(**{**document, "files": files, "damaged": tuple(document["damaged"])})
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(f"{path}: cannot be used: {error}") from error
    for listed in files:
        _check_place(listed.path)
    return contents


def digest(path: Path, tell: Tell) -> str:
    """Return the SHA-256 of a file; raise `UnavailableError` where it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
                tell(len(chunk))
    except OSError as error:
        raise UnavailableError(f"cannot read {path}: {error.strerror}") from error
    return found.hexdigest()


def _check_place(text: str) -> None:
    place = PurePosixPath(text)
    if place.is_absolute() or not place.parts or ".." in place.parts or "\0" in text:
        raise InputError(f"the backup names a file outside of itself: {text[:100]!r}")
