"""Enrolment: a one-time token becomes an identity, and the server's CA is pinned before any secret is sent."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import ssl
from dataclasses import dataclass
from pathlib import Path

from collectors.client import Client, trusting
from collectors.identity import CA_FILE, Identity, identity_of, load_identity, make_home, save_identity, write_private
from sentinel import __version__
from sentinel.errors import ConflictError, InputError, RefusedError, UnavailableError

MAX_TOKEN_CHARACTERS = 8_192
MAX_CA_BYTES = 100_000
PENDING_FILE = "enrolment.json"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Token:
    """What the administrator handed over."""

    url: str
    fingerprint: str
    """SHA-256 of the CA certificate's DER, hex."""
    secret: str

    @property
    def digest(self) -> str:
        """Names the token without giving it away."""
        return hashlib.sha256(self.secret.encode("utf-8", "surrogatepass")).hexdigest()


def read_token(text: str) -> Token:
    """Return the token in base64url JSON `{"u", "f", "s"}`; raise `InputError` saying what is wrong with it."""
    text = "".join(text.split())
    if len(text) > MAX_TOKEN_CHARACTERS:
        raise InputError("the token is too long to be one; copy it again from the console")
    try:
        document = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InputError("the token is damaged; copy it again from the console, all of it") from error
    values = [document.get(name) for name in ("u", "f", "s")] if isinstance(document, dict) else []
    match values:
        case [str(url), str(fingerprint), str(secret)] if url and secret and _FINGERPRINT.fullmatch(fingerprint):
            return Token(url, fingerprint, secret)
    raise InputError("the token lacks an address, a fingerprint or a secret; make a new one in the console")


def enrol(token: Token, home: Path, *, host: str, can_respond: bool, replace: bool = False) -> Identity:
    """Return the identity the server gave for `token` and keep it in `home`; the same token again changes nothing.

    The collector's secret is on disk before it is sent, so that enrolment goes on after a lost reply or a crash.
    Raises `RefusedError` when the certificate is not the one the token names, or when the server refuses.
    """
    make_home(home)
    enrolled = load_identity(home)
    pending = _pending(home)
    if enrolled is not None and not replace:
        if pending is not None and pending[0] == token.digest:
            return enrolled
        raise ConflictError(f"{home} is enrolled already as {enrolled.collector}; use --again to take a new identity")
    ca = fetch_ca(token)
    if pending is None or pending[0] != token.digest:
        pending = (token.digest, secrets.token_urlsafe(32))
        document = {"token": pending[0], "secret": pending[1]}
        write_private(home / PENDING_FILE, json.dumps(document).encode("ascii"))
    client = Client(token.url, None, "", context=trusting(ca))
    try:
        answer = client.post_json(
            "/api/v1/enrol",
            {
                "secret": token.secret,
                "secret_hash": hashlib.sha256(pending[1].encode("ascii")).hexdigest(),
                "host": host,
                "version": __version__,
                "can_respond": can_respond,
            },
        )
    finally:
        client.close()
    identity = identity_of({**answer, "url": token.url, "secret": pending[1]}, "the server's answer")
    write_private(home / CA_FILE, ca.encode("ascii"))
    save_identity(home, identity)
    return identity


def fetch_ca(token: Token) -> str:
    """Return the server's CA certificate (PEM) if it is the one the token names; nothing secret is sent for it."""
    # The certificate cannot be verified before it is known: its fingerprint, from the token, does that.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = Client(token.url, None, "", context=context)
    try:
        answer = client.get("/api/v1/ca")
    finally:
        client.close()
    if answer.status != 200 or len(answer.body) > MAX_CA_BYTES:
        raise UnavailableError(f"{token.url} does not hand out its CA certificate (HTTP {answer.status})")
    try:
        der = ssl.PEM_cert_to_DER_cert(answer.body.decode("ascii").strip())
    except ValueError as error:
        raise UnavailableError(f"{token.url} does not hand out a certificate; is it a Sentinel server?") from error
    found = hashlib.sha256(der).hexdigest()
    if not hmac.compare_digest(found, token.fingerprint):
        raise RefusedError(
            f"{token.url} shows a CA certificate with fingerprint {found}, but the token names {token.fingerprint}: "
            "another server answers, or somebody is in between; nothing was sent"
        )
    return ssl.DER_cert_to_PEM_cert(der)


def ca_fingerprint(path: Path) -> str:
    """Return the SHA-256 of a PEM certificate's DER, hex; raise `UnavailableError` when there is none."""
    try:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(path.read_text("ascii").strip())).hexdigest()
    except FileNotFoundError as error:
        raise UnavailableError(f"no CA certificate at {path}; enrol first: sentinel-collect enrol TOKEN") from error
    except (OSError, ValueError) as error:
        raise UnavailableError(f"cannot use the CA certificate {path}: {error}") from error


def _pending(home: Path) -> tuple[str, str] | None:
    """Return the digest of the token tried last and the secret made for it."""
    try:
        document = json.loads((home / PENDING_FILE).read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    except OSError as error:
        raise UnavailableError(f"cannot read {home / PENDING_FILE}: {error.strerror}") from error
    match document:
        case {"token": str(digest), "secret": str(secret)} if secret.isascii() and len(secret) >= 32:
            return digest, secret
    return None
