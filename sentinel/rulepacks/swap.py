"""Puts a new folder in the place of another in one step, so that no reader ever sees half of either."""

import ctypes
import errno
import os
import shutil
from pathlib import Path

_EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""
_HERE = -100
"""AT_FDCWD."""


def put(new: Path, place: Path, previous: Path) -> None:
    """Make `new` the folder at `place`; what was there becomes `previous`, and what that was is removed."""
    if place.exists():
        _exchange(new, place)
        previous.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(previous, ignore_errors=True)
        new.rename(previous)
    else:
        new.rename(place)
    sync(place.parent)


def swap(one: Path, other: Path) -> None:
    """Let two folders change places; where `other` does not exist, `one` takes its place."""
    if other.exists():
        _exchange(one, other)
    else:
        one.rename(other)
    sync(other.parent)


def _exchange(one: Path, other: Path) -> None:
    """Swap two folders at once; on a system that cannot, one after the other."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None:
        if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
            return
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
            raise OSError(number, os.strerror(number), str(one))
    aside = one.with_name(one.name + ".old")
    other.rename(aside)
    one.rename(other)
    aside.rename(one)


def sync(folder: Path) -> None:
    """See to it that the names in a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
