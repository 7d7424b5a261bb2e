"""Reads the files of a rule pack: a folder, a zip or a tar.gz, all of them hostile until read.

Nothing is ever unpacked onto the disk: members are read into memory, one after the other, within limits that hold for
what comes out and not only for what the archive says of itself. Links, devices and traps make it refused as a whole.
"""

import gzip
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol

from sentinel.errors import InputError
from sentinel.rulepacks.names import checked, refuse_collisions

MAX_ARCHIVE_BYTES = 100_000_000
MAX_MEMBERS = 20_000
MAX_FILE_BYTES = 2_000_000
"""As much as a rule file may have."""
MAX_TOTAL_BYTES = 150_000_000
"""Of everything that comes out, kept or not."""
MAX_RATIO = 200
"""Output for each byte of input; rules compress to about a tenth."""
FREE_BYTES = 5_000_000
"""Output that is not held against the ratio: a small archive of much the same rules is honest."""
MAX_DIRECTORY_BYTES = 8_000_000
"""A zip's list of members, which is read as a whole."""
KEPT_SUFFIXES = (".yml", ".yaml", ".ndjson")
MANIFEST, SIGNATURE = "pack.yml", "pack.sig"
_DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, struct.error),
    *(ValueError, OverflowError, LookupError, RuntimeError),
)
"""What the standard library raises on archives that are none."""


def read_pack(source: Path) -> dict[str, bytes]:
    """Return the rule files, samples, manifest and signature of a pack by their relative names.

    Raises InputError, and nothing was written anywhere, where the archive is damaged, too large, or a trap.
    """
    try:
        if source.is_dir():
            return _collect(_folder(source), source.name)
        return _read_archive(source)
    except FileNotFoundError as error:
        raise InputError(f"{source}: there is no such file or folder") from error
    except (OSError, *_DAMAGE) as error:
        raise InputError(f"{source}: the archive is damaged, or cannot be read: {error}; get it again") from error


class _Budget:
    """Counts what comes out of an archive of `size` bytes, and ends it when that is too much."""

    def __init__(self, archive: str, size: int) -> None:
        self._archive = archive
        self._left = min(MAX_TOTAL_BYTES, max(FREE_BYTES, size * MAX_RATIO))

    def spend(self, count: int) -> None:
        """Take `count` bytes off; raise InputError where there are none left."""
        self._left -= count
        if self._left < 0:
            raise InputError(f"{self._archive}: unpacks to far more than a rule pack has; nothing was installed")


def _read_archive(source: Path) -> dict[str, bytes]:
    size = source.stat().st_size
    if size > MAX_ARCHIVE_BYTES:
        raise InputError(f"{source}: larger than the {MAX_ARCHIVE_BYTES:,} bytes a rule pack may have")
    budget = _Budget(source.name, size)
    with source.open("rb") as stream:
        magic = stream.read(4)
        stream.seek(0)
        if magic[:2] == b"\x1f\x8b":
            return _collect(_tar(stream, source.name, budget), source.name)
        if magic in (b"PK\x03\x04", b"PK\x05\x06"):
            _refuse_long_directory(stream, size, source.name)
            return _collect(_zip(stream, source.name, budget), source.name)
    raise InputError(f"{source}: neither a zip nor a tar.gz archive, nor a folder")


def _collect(members: Iterator[tuple[str, Callable[[], bytes]]], archive: str) -> dict[str, bytes]:
    """Read the members that are wanted; every name counts for collisions, wanted or not."""
    names: list[str] = []
    found: dict[str, bytes] = {}
    for raw_name, read in members:
        name = checked(raw_name, archive)
        names.append(name)
        if len(names) > MAX_MEMBERS:
            raise InputError(f"{archive}: more than {MAX_MEMBERS:,} members; nothing was installed")
        is_hidden = any(part.startswith(".") for part in name.split("/"))
        if not is_hidden and (name.endswith(KEPT_SUFFIXES) or name == SIGNATURE):
            content = read()
            if len(content) > MAX_FILE_BYTES:
                raise InputError(f"{archive}: '{name}' is larger than {MAX_FILE_BYTES:,} bytes; nothing was installed")
            found[name] = content
    refuse_collisions(names, archive)
    return found


def _folder(folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    budget = _Budget(folder.name, MAX_TOTAL_BYTES)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            continue
        if not stat.S_ISREG(mode):
            raise InputError(f"{folder}: '{name}' is no plain file (a link or a device); nothing was installed")

        def read(path: Path = path) -> bytes:
            with path.open("rb") as stream:
                content = stream.read(MAX_FILE_BYTES + 1)
            budget.spend(len(content))
            return content

        yield name, read


class _Readable(Protocol):
    """What `tarfile` needs of a stream."""

    def read(self, size: int = -1, /) -> bytes: ...


class _Counted:
    """A stream whose output is counted as it comes."""

    def __init__(self, stream: _Readable, budget: _Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, and no more than a megabyte."""
        content = self._stream.read(1_000_000 if size < 0 else min(size, 1_000_000))
        self._budget.spend(len(content))
        return content


def _tar(stream: IO[bytes], archive: str, budget: _Budget) -> Iterator[tuple[str, Callable[[], bytes]]]:
    counted = _Counted(gzip.GzipFile(fileobj=stream), budget)
    with tarfile.open(fileobj=counted, mode="r|", errorlevel=2) as tar:  # type: ignore[call-overload]
        for member in tar:
            if member.isdir():
                checked(member.name, archive)
                continue
            if not member.isreg() or member.issparse():
                raise InputError(f"{archive}: a member is no plain file (a link or a device); nothing was installed")

            def read(member: tarfile.TarInfo = member) -> bytes:
                part = tar.extractfile(member)
                return b"" if part is None else _whole(part, member.size, archive)

            yield member.name, read


def _whole(part: IO[bytes], size: int, archive: str) -> bytes:
    content = part.read(MAX_FILE_BYTES + 1)
    if len(content) < min(size, MAX_FILE_BYTES):
        raise InputError(f"{archive}: a member ends before its end; get the archive again")
    return content


def _zip(stream: IO[bytes], archive: str, budget: _Budget) -> Iterator[tuple[str, Callable[[], bytes]]]:
    with zipfile.ZipFile(stream) as packed:
        for member in packed.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir():
                checked(member.filename, archive)
                continue
            if kind not in (0, stat.S_IFREG):
                raise InputError(f"{archive}: a member is no plain file (a link or a device); nothing was installed")
            if member.flag_bits & 0x1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise InputError(f"{archive}: a member is encrypted or packed in an unusual way; pack it anew")
            if "\x00" in member.orig_filename:
                raise InputError(f"{archive}: a member has a control character in its name; nothing was installed")
            budget.spend(member.file_size)

            def read(member: zipfile.ZipInfo = member) -> bytes:
                with packed.open(member) as part:
                    return part.read(MAX_FILE_BYTES + 1)

            yield member.filename, read


def _refuse_long_directory(stream: IO[bytes], size: int, archive: str) -> None:
    """Raise InputError where the list of members alone would fill the memory."""
    stream.seek(max(0, size - 66_000))
    tail = stream.read()
    stream.seek(0)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) < place + 22:
        raise InputError(f"{archive}: the zip's list of members is missing; get the archive again")
    _, _, count, length = struct.unpack_from("<HHHI", tail, place + 6)
    if count == 0xFFFF or length > MAX_DIRECTORY_BYTES:
        raise InputError(f"{archive}: far more members than a rule pack has; nothing was installed")
