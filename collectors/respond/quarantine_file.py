"""Takes one file, recognised by path and hash, out of reach into the vault; restores it exactly."""

import base64
import contextlib
import hashlib
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from collectors.respond.executor import Done, Task
from collectors.respond.limits import Limits
from collectors.respond.vault import Facts, Vault, flush_folder
from sentinel.errors import InputError, RefusedError, UnavailableError

MAX_FILE_BYTES = 1 << 30
MAX_XATTR_BYTES = 1_000_000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_EXECUTABLE = 0o111


class QuarantineFile:
    """Class 1: restored at its time."""

    is_reversible = True
    is_repeatable = False

    def __init__(self, limits: Limits) -> None:
        """Keep to `limits`, which name the quarantine folder."""
        self._limits = limits
        self._vault = Vault(limits.quarantine)

    def perform(self, task: Task) -> Done:
        """Seal a copy, check that it is the file that was meant, and only then remove the file."""
        path, digest = _wanted(task)
        self._limits.check_path(path)
        with _opened(path) as file:
            real = os.readlink(f"/proc/self/fd/{file.fileno()}")  # noqa: PTH115 - the kernel's name of it
            self._limits.check_path(real)
            before = os.fstat(file.fileno())
            _check_size(path, before)
            parent, name = posixpath.split(real)
            with _folder(parent) as folder:
                _check_same(folder, name, before, path)
                found, size, salt = self._vault.seal(task.effect, file, before.st_size)
                if found != digest:
                    self._vault.discard(task.effect)
                    raise RefusedError(f"{path} holds something else: SHA-256 {found}")
                facts = _facts(before, _xattrs(file.fileno()), parent, name, size, digest, salt)
                self._vault.keep(task.effect, facts)
                _check_same(folder, name, before, path)
                os.unlink(name, dir_fd=folder)
                flush_folder(folder)
                links = os.fstat(file.fileno()).st_nlink
                if links == 0:
                    # Whoever has it open can no longer run it. Other names keep their mode: they may lie in a folder
                    # that is never touched, and nobody would find them again to undo it.
                    os.fchmod(file.fileno(), facts.mode & ~_EXECUTABLE)
        more = f"; {links} other names of it remain and can still be run" if links else ""
        return Done(f"{path} is in quarantine{more}", {"size": size, "other_links": links})

    def verify(self, task: Task) -> str:
        """Return that the file is gone from its place and that the copy is whole."""
        path, digest = _wanted(task)
        facts = self._vault.facts(task.effect)
        if facts is None or facts.sha256 != digest:
            raise UnavailableError(f"the quarantine holds no copy of {path}")
        self._vault.open(task.effect, facts, None)
        if not os.path.lexists(path):
            return f"{path} is gone and its copy is whole"
        with _folder(facts.parent) as folder:
            if _holds(folder, facts):
                raise UnavailableError(f"the same content is at {path} again")
        return f"{path} is gone and its copy is whole, but something else is there now"

    def undo(self, task: Task) -> str:
        """Put the file back as it was; never over anything else."""
        path, _ = _wanted(task)
        facts = self._vault.facts(task.effect)
        if facts is None:
            self._vault.drop(task.effect)
            return f"nothing of {path} is in quarantine"
        with _folder(facts.parent) as folder:
            if _holds(folder, facts):
                _make_right(folder, facts)
            else:
                self._restore(task.effect, facts, folder, path)
        self._vault.drop(task.effect)
        return f"{path} is back as it was"

    def _restore(self, effect: str, facts: Facts, folder: int, path: str) -> None:
        part = f".sentinel-restore-{effect[:16]}"
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part, dir_fd=folder)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(part, flags, 0o600, dir_fd=folder), "w+b") as file:
                self._vault.open(effect, facts, file)
                file.flush()
                _give_back(file, facts)
                os.fsync(file.fileno())
            # A link, unlike a rename, fails where something is.
            os.link(part, facts.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            os.unlink(part, dir_fd=folder)
            flush_folder(folder)
        except FileExistsError as error:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=folder)
            raise UnavailableError(f"there is something else at {path} now; move it away, then undo again") from error
        except OSError as error:
            raise UnavailableError(f"cannot restore {path}: {error.strerror}") from error


def _wanted(task: Task) -> tuple[str, str]:
    path, digest = task.text("path"), task.text("sha256").lower()
    if not path.startswith("/") or path.startswith("//") or posixpath.normpath(path) != path or path == "/":
        raise InputError("quarantine_file: path must be absolute and plain")
    if len(digest) != 64:
        raise InputError("quarantine_file: sha256 is malformed")
    return path, digest


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Open the file itself: no link as its last part, no waiting on a pipe."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError as error:
        raise RefusedError(f"there is no file {path}") from error
    except OSError as error:
        raise RefusedError(f"{path} cannot be opened as a file: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise RefusedError(f"{path} is not a regular file")
    with os.fdopen(handle, "rb") as file:
        yield file


@contextmanager
def _folder(path: str) -> Iterator[int]:
    """Open a folder part by part, so that no link on the way leads elsewhere."""
    handle = os.open("/", _FOLDER)
    try:
        for part in Path(path).parts[1:]:
            following = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = following
        yield handle
    except OSError as error:
        raise UnavailableError(f"cannot work in the folder {path}: {error.strerror}") from error
    finally:
        os.close(handle)


def _check_size(path: str, status: os.stat_result) -> None:
    if status.st_size > MAX_FILE_BYTES:
        raise RefusedError(f"{path} is larger than {MAX_FILE_BYTES} bytes")


def _check_same(folder: int, name: str, opened: os.stat_result, path: str) -> None:
    """Make sure that the name still means the opened file, unchanged."""
    try:
        now = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError as error:
        raise UnavailableError(f"{path} was taken away in the meantime") from error
    same = ("st_dev", "st_ino", "st_size", "st_mtime_ns")
    if any(getattr(now, part) != getattr(opened, part) for part in same):
        raise UnavailableError(f"{path} was changed in the meantime")


def _facts(
    status: os.stat_result, xattrs: dict[str, str], parent: str, name: str, size: int, digest: str, salt: str
) -> Facts:
    return Facts(
        parent=parent,
        name=name,
        size=size,
        sha256=digest,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        atime=status.st_atime_ns,
        mtime=status.st_mtime_ns,
        xattrs=xattrs,
        salt=salt,
    )


def _xattrs(handle: int) -> dict[str, str]:
    found: dict[str, str] = {}
    size = 0
    try:
        for name in os.listxattr(handle):
            value = os.getxattr(handle, name)
            size += len(value)
            if size > MAX_XATTR_BYTES:
                raise RefusedError("the file has more extended attributes than can be kept")
            found[name] = base64.b64encode(value).decode()
    except OSError as error:
        raise UnavailableError(f"cannot read the file's attributes: {error.strerror}") from error
    return found


def _give_back(file: BinaryIO, facts: Facts) -> None:
    handle = file.fileno()
    os.fchown(handle, facts.uid, facts.gid)
    for name, value in facts.xattrs.items():
        os.setxattr(handle, name, base64.b64decode(value))
    os.fchmod(handle, facts.mode)
    os.utime(handle, ns=(facts.atime, facts.mtime))


def _holds(folder: int, facts: Facts) -> bool:
    """Return whether the same content stands there: never removed, put there again, or restored already."""
    try:
        handle = os.open(facts.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return False
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_size != facts.size:
        os.close(handle)
        return False
    with os.fdopen(handle, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == facts.sha256


def _make_right(folder: int, facts: Facts) -> None:
    """Give owner and mode back where an interruption came between making a file harmless and removing it."""
    handle = os.open(facts.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fchown(handle, facts.uid, facts.gid)
        os.fchmod(handle, facts.mode)
    finally:
        os.close(handle)
