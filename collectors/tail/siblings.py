"""Finds what became of a log file among its neighbours: renamed, copied before it was emptied, or gone."""

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from collectors.tail.fingerprint import Fingerprint, Key

MAX_SIBLINGS = 10_000
_ROTATED = re.compile(r"[-._]\d[\d._T:-]*")
"""What rotation puts into a name: `.1`, `-20261123`, `.2026-11-23T10:00:00`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file at a path."""

    path: str
    key: Key
    size: int
    changed_ns: int


def look(path: str) -> Found | None:
    """Return the regular file at `path`, following links, or None where there is none to see."""
    try:
        status = os.stat(path)  # noqa: PTH116 - once per poll and file; Path costs more than the call
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Found(path, (status.st_dev, status.st_ino), status.st_size, status.st_mtime_ns)


def siblings(path: str) -> Iterator[Found]:
    """Yield the files beside `path` whose names begin as its does, itself included."""
    place = Path(os.path.realpath(path))
    with contextlib.suppress(OSError), os.scandir(place.parent) as entries:
        for count, entry in enumerate(entries):
            if count >= MAX_SIBLINGS:
                return
            if entry.name.startswith(place.stem) and (found := look(entry.path)) is not None:
                yield found


def renamed(path: str, key: Key, fingerprint: Fingerprint) -> Found | None:
    """Return where the file that was at `path` is now, or None."""
    for found in siblings(path):
        if found.key == key and is_same(found.path, fingerprint):
            return found
    return None


def copy_of(path: str, taken: Set[Key], fingerprint: Fingerprint) -> Found | None:
    """Return the newest neighbour with the content that the file at `path` had, as `copytruncate` leaves it.

    Files in `taken` are something else.
    """
    if fingerprint.offset == 0:
        return None
    copies = [
        found
        for found in siblings(path)
        if found.key not in taken and found.size >= fingerprint.offset and is_same(found.path, fingerprint)
    ]
    return max(copies, key=lambda found: found.changed_ns, default=None)


def rotated_since(path: str, changed_ns: int, is_known: Callable[[Found], bool]) -> list[Found]:
    """Return neighbours named as rotation names them and changed later, oldest first: generations nobody has read."""
    found = [
        each
        for each in siblings(path)
        if each.changed_ns > changed_ns and is_rotated_name(path, each.path) and not is_known(each)
    ]
    return sorted(found, key=lambda each: each.changed_ns)


def is_copy(found: Found, name: str, read: Fingerprint, holds: Callable[[Fingerprint], bool]) -> bool:
    """Return whether a file is a copy of the one first known as `name`, as `copytruncate` makes it.

    A copy holds either all that was `read`, or less, and then the original holds all of the copy.
    """
    if found.size == 0 or not is_rotated_name(name, found.path):
        return False
    if read.offset and found.size >= read.offset:
        return is_same(found.path, read)
    return holds(_whole(found))


def _whole(found: Found) -> Fingerprint:
    try:
        descriptor = os.open(found.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return Fingerprint(found.size, "", "")
    try:
        return Fingerprint().moved(descriptor, found.size)
    finally:
        os.close(descriptor)


def is_rotated_name(path: str, other: str) -> bool:
    """Return whether `other` is a name that rotation gives to a former file at `path`."""
    place = Path(os.path.realpath(path))
    name = Path(other).name
    if name == place.name or not name.startswith(place.stem):
        return False
    if name.startswith(place.name):
        return _ROTATED.fullmatch(name, len(place.name)) is not None
    inner = name.removeprefix(place.stem).removesuffix(place.suffix)
    return name.endswith(place.suffix) and _ROTATED.fullmatch(inner) is not None


def is_same(path: str, fingerprint: Fingerprint) -> bool:
    """Return whether the file at `path` holds what was read; False when it cannot be opened."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return fingerprint.holds(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
