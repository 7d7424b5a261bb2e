"""Keys in a backup: only behind a passphrase, because who has them can command every agent."""

import base64
import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from sentinel.errors import InputError, RefusedError

PURPOSE = b"sentinel keys in a backup, version 1"
LEAST_CHARACTERS = 12
COST, BLOCK, LANES = 2**17, 8, 1
"""Of scrypt (RFC 7914): 128 MB and about half a second for each guess."""
MAX_BYTES = 1_000_000


def check(passphrase: str) -> str:
    """Return the passphrase; raise `InputError` where it is too short."""
    if len(passphrase) < LEAST_CHARACTERS:
        raise InputError(f"a passphrase for the keys has at least {LEAST_CHARACTERS} characters")
    return passphrase


def seal(folder: Path, passphrase: str) -> bytes:
    """Return the files of a folder of keys, sealed."""
    files = {
        path.name: base64.b64encode(path.read_bytes()).decode() for path in sorted(folder.iterdir()) if path.is_file()
    }
    salt, nonce = os.urandom(16), os.urandom(12)
    body = ChaCha20Poly1305(_key(passphrase, salt)).encrypt(nonce, json.dumps(files).encode(), PURPOSE)
    parts = {"salt": salt, "nonce": nonce, "body": body}
    return json.dumps({name: base64.b64encode(part).decode() for name, part in parts.items()}).encode() + b"\n"


def unseal(sealed: bytes, passphrase: str, folder: Path) -> None:
    """Write the keys into a new folder; raise `RefusedError` for a wrong passphrase, or where they were changed."""
    try:
        parts = {name: base64.b64decode(part) for name, part in json.loads(sealed[:MAX_BYTES]).items()}
        key = _key(passphrase, parts["salt"])
        files = json.loads(ChaCha20Poly1305(key).decrypt(parts["nonce"], parts["body"], PURPOSE))
    except InvalidTag as error:
        raise RefusedError("the passphrase does not open the keys, or they were changed") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("the keys in the backup are not what Sentinel wrote") from error
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        path = folder / Path(name).name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64decode(content))


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=BLOCK, p=LANES).derive(passphrase.encode())
