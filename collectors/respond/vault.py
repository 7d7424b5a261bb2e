"""Keeps file contents sealed: encrypted, unreadable as programs, each with the facts needed to restore it exactly."""

import base64
import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sentinel.errors import UnavailableError

CHUNK_BYTES = 1 << 20
TAG_BYTES = 16
MAX_FACTS_BYTES = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a restored file must have again. Bytes are base64, times nanoseconds."""

    parent: str
    """Folder without any link in its path."""
    name: str
    size: int
    sha256: str
    mode: int
    uid: int
    gid: int
    atime: int
    mtime: int
    xattrs: dict[str, str]
    """Extended attributes, access control lists (`system.posix_acl_access`) included."""
    salt: str


class Vault:
    """A folder only its owner may enter."""

    def __init__(self, folder: Path) -> None:
        """Keep things in `folder`, made when first needed."""
        self._folder = folder

    def seal(self, name: str, source: BinaryIO, limit: int) -> tuple[str, int, str]:
        """Write an encrypted copy of all that `source` holds; return its SHA-256, its size and the salt of its key.

        Raises `UnavailableError` for more than `limit` bytes: a file that grows while it is read would fill the disk.
        The copy counts only once `keep` has been called for it. Chunks are numbered and the last one is marked, so
        that none can be swapped, cut off or added (the STREAM construction of Hoang, Reyhanitabar, Rogaway, Vizar).
        """
        salt = secrets.token_bytes(32)
        digest, size, number = hashlib.sha256(), 0, 0
        self._prepare()
        try:
            cipher = self._cipher(salt)
            with _create(self._path(name, "part")) as target:
                chunk = source.read(CHUNK_BYTES)
                is_last = False
                while not is_last and size <= limit:
                    following = source.read(CHUNK_BYTES)
                    is_last = not following
                    digest.update(chunk)
                    size += len(chunk)
                    target.write(cipher.encrypt(_nonce(number, is_last=is_last), chunk, name.encode()))
                    chunk, number = following, number + 1
                _flush(target)
        except OSError as error:
            self.discard(name)
            raise UnavailableError(f"cannot write into the quarantine {self._folder}: {error.strerror}") from error
        if size > limit:
            self.discard(name)
            raise UnavailableError("the file grows while it is read; try again")
        return digest.hexdigest(), size, base64.b64encode(salt).decode()

    def keep(self, name: str, facts: Facts) -> None:
        """Make a sealed copy count, durably, with its facts."""
        try:
            with _create(self._path(name, "facts.part")) as file:
                file.write(json.dumps(asdict(facts)).encode())
                _flush(file)
            self._path(name, "part").replace(self._path(name, "sealed"))
            self._path(name, "facts.part").replace(self._path(name, "facts"))
            self._flush_folder()
        except OSError as error:
            raise UnavailableError(f"cannot write into the quarantine {self._folder}: {error.strerror}") from error

    def facts(self, name: str) -> Facts | None:
        """Return the facts of what is kept under `name`, None where nothing is."""
        try:
            with self._path(name, "facts").open("rb") as file:
                return Facts(**json.loads(file.read(MAX_FACTS_BYTES)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise UnavailableError(f"cannot read the facts of {name} in {self._folder}: {error}") from error

    def open(self, name: str, facts: Facts, target: BinaryIO | None) -> None:
        """Write the content into `target` (None: only check it); raise `UnavailableError` where it is not whole."""
        digest, number = hashlib.sha256(), 0
        cipher = self._cipher(base64.b64decode(facts.salt))
        try:
            with self._path(name, "sealed").open("rb") as source:
                sealed = source.read(CHUNK_BYTES + TAG_BYTES)
                while sealed:
                    following = source.read(CHUNK_BYTES + TAG_BYTES)
                    chunk = cipher.decrypt(_nonce(number, is_last=not following), sealed, name.encode())
                    digest.update(chunk)
                    if target is not None:
                        target.write(chunk)
                    sealed, number = following, number + 1
        except InvalidTag as error:
            raise UnavailableError(f"the sealed copy {name} in {self._folder} is damaged") from error
        except OSError as error:
            raise UnavailableError(f"cannot read the sealed copy {name}: {error.strerror}") from error
        if digest.hexdigest() != facts.sha256:
            raise UnavailableError(f"the sealed copy {name} does not hold what was taken")

    def discard(self, name: str) -> None:
        """Forget a copy that was never kept; one kept before stays."""
        self._path(name, "part").unlink(missing_ok=True)

    def drop(self, name: str) -> None:
        """Forget a sealed copy; its facts go first, so that half of it never counts."""
        for suffix in ("facts", "facts.part", "sealed", "part"):
            self._path(name, suffix).unlink(missing_ok=True)

    def _path(self, name: str, suffix: str) -> Path:
        if not name.isalnum():
            raise UnavailableError(f"{name[:80]!r} is no name for a sealed copy")
        return self._folder / f"{name}.{suffix}"

    def _prepare(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            path = self._folder / "key"
            if not path.exists():
                part = self._folder / f"key.{secrets.token_hex(8)}"
                with _create(part) as file:
                    file.write(secrets.token_bytes(32))
                    _flush(file)
                part.replace(path)
                self._flush_folder()
        except OSError as error:
            raise UnavailableError(f"cannot prepare the quarantine {self._folder}: {error.strerror}") from error

    def _cipher(self, salt: bytes) -> AESGCM:
        """Return a cipher with a key of its own for each copy, so that numbered nonces never meet twice."""
        try:
            key = (self._folder / "key").read_bytes()
        except OSError as error:
            raise UnavailableError(f"cannot read the key of the quarantine {self._folder}: {error.strerror}") from error
        return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"sentinel quarantine").derive(key))

    def _flush_folder(self) -> None:
        flush_folder(self._folder)


def flush_folder(folder: Path | int) -> None:
    """Make names in a folder durable."""
    handle = folder if isinstance(folder, int) else os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        if not isinstance(folder, int):
            os.close(handle)


def _create(path: Path) -> BinaryIO:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")
