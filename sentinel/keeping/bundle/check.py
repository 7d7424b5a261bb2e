"""Checks a sealed bundle: the signature, every hash, and that nothing was added; the file may be anything."""

import hashlib
import zipfile
import zlib
from pathlib import Path

from sentinel.errors import InputError
from sentinel.keeping.bundle import seal
from sentinel.keeping.bundle.seal import Member, Sealed

CHUNK = 1_000_000
MAX_LIST_BYTES = 10_000_000
MAX_MEMBERS = 10


def check(path: Path) -> tuple[Sealed, str]:
    """Return what the bundle says and the fingerprint of the key that signed it.

    Raises `InputError` naming what is wrong. No file is unpacked to more than the signed list says it has.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) > MAX_MEMBERS or len(set(names)) != len(names):
                raise InputError(f"{path}: holds files that no sealed bundle has")
            body = _read(archive, seal.LIST)
            signer = seal.signer(body, _read(archive, seal.SIGNATURE))
            sealed = seal.decode(body)
            expected = {seal.LIST, seal.SIGNATURE} | {member.name for member in sealed.files}
            if set(names) != expected:
                raise InputError(f"{path}: files were added or taken away: {sorted(set(names) ^ expected)}")
            for member in sealed.files:
                _compare(archive, member)
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise InputError(f"{path}: cannot be read as a sealed bundle: {error}") from error
    return sealed, signer


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as file:
            body = file.read(MAX_LIST_BYTES + 1)
    except KeyError as error:
        raise InputError(f"this is no sealed bundle: it has no {name}") from error
    if len(body) > MAX_LIST_BYTES:
        raise InputError(f"{name}: too long")
    return body


def _compare(archive: zipfile.ZipFile, member: Member) -> None:
    found, size = hashlib.sha256(), 0
    with archive.open(member.name) as file:
        while (chunk := file.read(CHUNK)) and size <= member.bytes:
            found.update(chunk)
            size += len(chunk)
    if size != member.bytes or found.hexdigest() != member.sha256:
        raise InputError(f"{member.name} was changed after it was sealed")
