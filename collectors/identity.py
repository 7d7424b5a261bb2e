"""Who this collector is to the server: files in its home folder that nobody else may read."""

import base64
import binascii
import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from sentinel.errors import InputError, UnavailableError

IDENTITY_FILE = "identity.json"
CA_FILE = "ca.pem"
COMMAND_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What enrolment gave."""

    collector: str
    agency: str
    url: str
    secret: str
    command_key: str
    """Raw Ed25519 public key of the server, base64: only commands signed with it are done."""

    @property
    def key(self) -> bytes:
        """The command key as bytes."""
        return base64.b64decode(self.command_key)


def load_identity(home: Path) -> Identity | None:
    """Return the identity in `home`, None where this collector is not enrolled; raise when it cannot be read."""
    path = home / IDENTITY_FILE
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnavailableError(f"cannot read {path}: {error.strerror}; run as the collector's own user") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged: {error}; delete it and enrol again") from error
    return identity_of(document, str(path))


def identity_of(document: object, place: str) -> Identity:
    """Return the identity in plain values; raise `InputError` naming `place`."""
    names = ("collector", "agency", "url", "secret", "command_key")
    values = {name: document.get(name) for name in names} if isinstance(document, dict) else {}
    texts = {name: value for name, value in values.items() if isinstance(value, str) and value}
    if len(texts) != len(names):
        raise InputError(f"{place} lacks {', '.join(sorted(set(names) - set(texts)))}")
    try:
        key = base64.b64decode(texts["command_key"], validate=True)
    except binascii.Error as error:
        raise InputError(f"{place}: command_key is not base64") from error
    if len(key) != COMMAND_KEY_BYTES:
        raise InputError(f"{place}: command_key has {len(key)} bytes instead of {COMMAND_KEY_BYTES}")
    return Identity(**texts)


def save_identity(home: Path, identity: Identity) -> None:
    """Keep the identity, readable by the collector's user only."""
    write_private(home / IDENTITY_FILE, json.dumps(asdict(identity), indent=2).encode("ascii"))


def make_home(home: Path) -> None:
    """Make the home folder, closed to others, where it is not there."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(f"cannot make the folder {home}: {error.strerror}; set [collector] home") from error


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` with `content` at once and durably, mode 0600; raise `UnavailableError` when the disk refuses."""
    new = path.with_name(f".{path.name}.new")
    try:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise UnavailableError(f"cannot write {path}: {error.strerror}") from error
