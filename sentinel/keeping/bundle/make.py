"""Makes a sealed bundle of what a query finds, or of the events behind an incident."""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sentinel.errors import ConflictError, InputError, UnavailableError
from sentinel.keeping.bundle import seal
from sentinel.keeping.bundle.seal import Member, Sealed
from sentinel.model.record import Record, nest

SUFFIX = ".partial"
MODE = 0o600
Tell = Callable[[int], None]
"""Takes the number of events written since the last call."""


@dataclass(slots=True)
class _Seen:
    """What is known of the events after they were written."""

    count: int = 0
    first: str = ""
    last: str = ""

    def see(self, record: Record) -> None:
        self.count += 1
        self.first = min(self.first or record.at, record.at)
        self.last = max(self.last, record.at)


def make(
    target: Path, asked: Sealed, records: Iterable[Record], incident: object, key: Ed25519PrivateKey, tell: Tell
) -> tuple[Sealed, str]:
    """Write the bundle, or nothing; return what it says and the SHA-256 of the file.

    `incident` is plain JSON about the incident, or None. Raises `ConflictError` where `target` exists,
    `UnavailableError` where it cannot be written.
    """
    if target.exists():
        raise ConflictError(f"{target} exists already; name another file")
    part = target.with_name(target.name + SUFFIX)
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, MODE)
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
                done = _fill(archive, asked, records, incident, key, tell)
            file.flush()
            os.fsync(descriptor)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        part.rename(target)
    except OSError as error:
        raise UnavailableError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return done, digest


def _fill(
    archive: zipfile.ZipFile,
    asked: Sealed,
    records: Iterable[Record],
    incident: object,
    key: Ed25519PrivateKey,
    tell: Tell,
) -> Sealed:
    seen = _Seen()
    files = [_add(archive, seal.EVENTS, _lines(records, seen, tell))]
    if incident is not None:
        text = json.dumps(incident, ensure_ascii=False, indent=1) + "\n"
        files.append(_add(archive, seal.INCIDENT, [text.encode()]))
    if not seen.count and incident is None:
        raise InputError("nothing was found; there is nothing to seal")
    done = replace(asked, events=seen.count, first_at=seen.first, last_at=seen.last, files=tuple(files))
    body = done.encode()
    archive.writestr(seal.LIST, body)
    archive.writestr(seal.SIGNATURE, seal.sign(body, key))
    return done


def _lines(records: Iterable[Record], seen: _Seen, tell: Tell) -> Iterator[bytes]:
    for record in records:
        seen.see(record)
        tell(1)
        # A lone surrogate stays as the escape that JSON has for it.
        yield json.dumps(nest(record.fields), ensure_ascii=True, sort_keys=True).encode() + b"\n"


def _add(archive: zipfile.ZipFile, name: str, parts: Iterable[bytes]) -> Member:
    found, size = hashlib.sha256(), 0
    with archive.open(name, "w", force_zip64=True) as file:
        for part in parts:
            found.update(part)
            size += len(part)
            file.write(part)
    return Member(name, size, found.hexdigest())
