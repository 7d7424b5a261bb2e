"""What a sealed bundle is made of, and the signature that seals it.

A ZIP file: `bundle.json` says what was asked and lists every other file with its SHA-256; `signature.json` holds an
Ed25519 signature (RFC 8032) over a purpose and the bytes of `bundle.json`, by the home's key.
"""

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sentinel import __version__
from sentinel.errors import InputError

LIST, SIGNATURE, EVENTS, INCIDENT = "bundle.json", "signature.json", "events.jsonl", "incident.json"
FORMAT, VERSION = "sentinel-bundle", 1
PURPOSE = b"sentinel evidence bundle, version 1\n"
"""Before the signed bytes: the same key signs commands to agents, and no bundle may pass for one."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the bundle."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What `bundle.json` says."""

    format: str = FORMAT
    version: int = VERSION
    sentinel: str = __version__
    made_at: str
    asked_by: str
    why: str
    query: str
    incident: str
    """Id of the incident whose events these are, where it is one; then `query` is empty."""
    agency: str
    scope: tuple[str, ...]
    """Agencies whose events were looked for."""
    start: str | None
    end: str | None
    events: int
    first_at: str
    last_at: str
    missing: tuple[str, ...]
    """Events that alerts of the incident name and the store has no more."""
    unreadable: int
    """Damaged parts of the store that might have held more."""
    files: tuple[Member, ...] = field(default=())

    def encode(self) -> bytes:
        """Return the bytes that are signed."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def decode(body: bytes) -> Sealed:
    """Return what the bytes of `bundle.json` say; raise `InputError` where they are none."""
    try:
        document: dict[str, Any] = json.loads(body)
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise InputError(f"{LIST}: not of this version of sealed bundles")
        files = tuple(Member(str(each["name"]), int(each["bytes"]), str(each["sha256"])) for each in document["files"])
        plain = {**document, "files": files, "scope": tuple(document["scope"]), "missing": tuple(document["missing"])}
        return Sealed(**plain)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{LIST}: not what Sentinel writes: {str(error)[:200]}") from error


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of the raw key in hex, by which people compare it."""
    return hashlib.sha256(_raw(key)).hexdigest()


def sign(body: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the content of `signature.json`."""
    document = {
        "algorithm": "Ed25519",
        "purpose": PURPOSE.decode().strip(),
        "public_key": base64.b64encode(_raw(key.public_key())).decode(),
        "signature": base64.b64encode(key.sign(PURPOSE + body)).decode(),
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def signer(body: bytes, signature: bytes) -> str:
    """Return the fingerprint of the key that signed `body`; raise `InputError` where the signature is wrong."""
    try:
        document = json.loads(signature)
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(document["public_key"], validate=True))
        key.verify(base64.b64decode(document["signature"], validate=True), PURPOSE + body)
    except InvalidSignature as error:
        raise InputError(f"{LIST} was changed after it was signed") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{SIGNATURE}: not what Sentinel writes") from error
    return fingerprint(key)


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
