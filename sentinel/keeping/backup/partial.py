"""A folder that is being filled and gets its name only when it is whole; what a killed one left is cleared away."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel.errors import ConflictError, UnavailableError

SUFFIX = ".partial"
LOCK = ".lock"


@contextmanager
def partial(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target`; when the block ends it is synced and takes that name.

    Raises `ConflictError` where `target` holds something, or another process fills it. After an error the folder is
    removed; after a kill the next attempt removes it.
    """
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if target.exists() or target.is_symlink():
        raise ConflictError(f"{target} exists already; name another place")
    folder = target.with_name(target.name + SUFFIX)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        raise UnavailableError(f"cannot make {folder}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(f"another process fills {folder}; wait for it") from error
        _clear(folder)
        try:
            yield folder
            _sync(folder)
            (folder / LOCK).unlink()
            folder.rename(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise UnavailableError(f"cannot fill {folder}: {error.strerror or error}") from error
        finally:
            if folder.exists():
                shutil.rmtree(folder, ignore_errors=True)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def _sync(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(Path(parent, name), os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        _sync_folder(Path(parent))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
