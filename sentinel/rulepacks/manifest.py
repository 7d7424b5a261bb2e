"""A pack's manifest: its name, its version, the SHA-256 of every file; and the Ed25519 signature over its bytes."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sentinel.detect.documents import parse_documents
from sentinel.errors import InputError
from sentinel.rulepacks.archive import MANIFEST, SIGNATURE

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,62}")
_HASH = re.compile(r"[0-9a-f]{64}")
_KEYS = {"name", "version", "files"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pack says of itself."""

    name: str
    version: str
    files: Mapping[str, str]
    """Relative name to SHA-256, in hex."""

    def to_bytes(self) -> bytes:
        """Return the manifest as it is signed: YAML that is JSON too, keys in order, so the same pack is the same."""
        document = {"name": self.name, "version": self.version, "files": dict(sorted(self.files.items()))}
        return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8")

    @classmethod
    def from_bytes(cls, content: bytes, archive: str) -> "Manifest":
        """Return the manifest in `content`; raise InputError naming what is wrong with it."""
        place = f"{archive}: {MANIFEST}"
        try:
            documents = parse_documents(content.decode("utf-8"), place)
        except UnicodeDecodeError as error:
            raise InputError(f"{place} is not UTF-8") from error
        if len(documents) != 1 or set(documents[0]) != _KEYS:
            raise InputError(f"{place} must hold exactly {', '.join(sorted(_KEYS))}")
        [found] = documents
        name, version, files = str(found["name"]), str(found["version"]), found["files"]
        if not NAME.fullmatch(name) or not VERSION.fullmatch(version):
            raise InputError(f"{place}: name and version may have letters a-z, digits and - _ . only")
        if not isinstance(files, dict) or not all(_HASH.fullmatch(str(each)) for each in files.values()):
            raise InputError(f"{place}: 'files' must map each file to its SHA-256")
        return cls(name, version, {key: str(value) for key, value in files.items()})

    def verify_files(self, files: Mapping[str, bytes], archive: str) -> None:
        """Raise InputError where a file is missing, changed, or not listed."""
        there = files.keys() - {MANIFEST, SIGNATURE}
        if missing := sorted(self.files.keys() - there):
            raise InputError(f"{archive}: '{missing[0]}' is in {MANIFEST} and not in the pack; nothing was installed")
        if foreign := sorted(there - self.files.keys()):
            raise InputError(f"{archive}: '{foreign[0]}' is not in {MANIFEST}; nothing was installed")
        for name in sorted(there):
            if sha256(files[name]) != self.files[name]:
                raise InputError(f"{archive}: '{name}' is not what {MANIFEST} says it is; nothing was installed")


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` in hex."""
    return hashlib.sha256(content).hexdigest()


def sign(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the content of `pack.sig`: the signature in base64, and a line end."""
    return base64.b64encode(key.sign(manifest)) + b"\n"


def verify(manifest: bytes, signature: bytes, trusted: Mapping[str, Ed25519PublicKey], archive: str) -> str:
    """Return the fingerprint of the trusted key that signed; raise InputError where none of them did."""
    try:
        raw = base64.b64decode(signature.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"{archive}: {SIGNATURE} is no signature; nothing was installed") from error
    for fingerprint, key in trusted.items():
        try:
            key.verify(raw, manifest)
        except InvalidSignature:
            continue
        return fingerprint
    raise InputError(f"{archive}: not signed by a key you trust; nothing was installed")


def private_key(path: Path) -> Ed25519PrivateKey:
    """Return the Ed25519 key in a PEM file; raise InputError for anything else."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path}: no private key in PEM without a password: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path}: not an Ed25519 key; make one with `openssl genpkey -algorithm ed25519`")
    return key


def public_key(path: Path) -> tuple[str, Ed25519PublicKey]:
    """Return the fingerprint and the Ed25519 public key in a PEM file; raise InputError for anything else."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path}: no public key in PEM: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{path}: not an Ed25519 public key; `openssl pkey -in KEY -pubout` writes one")
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return sha256(raw)[:32], key
