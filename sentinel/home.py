"""A home folder: the server's keys, certificates and lock."""

import datetime
import fcntl
import ipaddress
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sentinel.errors import ConflictError, InputError, UnavailableError
from sentinel.model.moment import now

CA_DAYS = 3650
CLIENT_DAYS = 825
_CLIENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}")
SERVER_DAYS = 825
"""Browsers refuse server certificates that run longer."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Paths of a home's keys and certificates."""

    folder: Path

    @property
    def ca(self) -> Path:
        """Certificate that collectors pin."""
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """Private key of the CA."""
        return self.folder / "ca.key"

    @property
    def server(self) -> Path:
        """Certificate of the server."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        """Private key of the server."""
        return self.folder / "server.key"

    @property
    def commands(self) -> Path:
        """Ed25519 key that signs commands to agents."""
        return self.folder / "commands.key"

    def ca_fingerprint(self) -> str:
        """Return the SHA-256 of the CA certificate's DER form, in hex."""
        return x509.load_pem_x509_certificate(self.ca.read_bytes()).fingerprint(hashes.SHA256()).hex()

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the key for commands; raise `InputError` where the file holds another kind."""
        key = serialization.load_pem_private_key(self.commands.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise InputError(f"{self.commands}: not an Ed25519 key; restore it from a backup")
        return key


def metrics_token(folder: Path) -> str:
    """Return the token for reading the metrics, made when it is first asked for; `folder` is that of the keys."""
    path = folder / "metrics.token"
    if not path.exists():
        write_private(path, (secrets.token_urlsafe(32) + "\n").encode())
    return path.read_text("ascii").strip()


def make_keys(folder: Path, names: Sequence[str]) -> Keys:
    """Make the CA, the server's certificate for `names` and the command key; keep those that exist."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = Keys(folder)
    if not keys.commands.exists():
        _write_private(keys.commands, Ed25519PrivateKey.generate())
    if not keys.server.exists():
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca = _certificate("Sentinel CA", ca_key, days=CA_DAYS)
        server_key = ec.generate_private_key(ec.SECP256R1())
        server = _certificate("Sentinel server", server_key, days=SERVER_DAYS, issuer=(ca, ca_key), names=names)
        _write_private(keys.ca_key, ca_key)
        _write_private(keys.server_key, server_key)
        keys.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        keys.server.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    return keys


def make_client(keys: Keys, name: str, folder: Path) -> str:
    """Write `name.pem` and `name.key` of a client that this home's CA vouches for; return its SHA-256 in hex.

    Raises `InputError` for a name that is no file name, or one that is taken.
    """
    if not _CLIENT_NAME.fullmatch(name):
        raise InputError(f"a certificate's name is 1 to 64 letters, digits, dots, dashes: not {name[:64]!r}")
    certificate_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    if certificate_path.exists() or key_path.exists():
        raise InputError(f"{certificate_path} or its key is there already; choose another name")
    ca = x509.load_pem_x509_certificate(keys.ca.read_bytes())
    ca_key = serialization.load_pem_private_key(keys.ca_key.read_bytes(), password=None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise InputError(f"{keys.ca_key}: not the key of this home's CA; restore it from a backup")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(name, key, days=CLIENT_DAYS, issuer=(ca, ca_key), usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_private(key_path, key)
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate.fingerprint(hashes.SHA256()).hex()


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    days: int,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
    names: Sequence[str] = (),
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer[1] if issuer else key
    start = now() - datetime.timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
        .add_extension(
            x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None), critical=True
        )
        .add_extension(_usage(is_ca=issuer is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if issuer:
        alternatives = x509.SubjectAlternativeName([_general_name(each) for each in names or (name,)])
        builder = builder.add_extension(alternatives, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> None:
    write_private(
        path,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def write_private(path: Path, text: bytes) -> None:
    """Write a file that only its owner reads, whole or not at all, on the disk on return."""
    # Half a key under its name would be taken for a whole one at the next start.
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    part.replace(path)


@contextmanager
def only_one(home: Path, *, is_shared: bool = False) -> Iterator[None]:
    """Hold the home's lock; raise `ConflictError` where another server holds it.

    With `is_shared` others that share may hold it too: their backends keep them apart.
    """
    try:
        file = (home / "lock").open("a+")
    except OSError as error:
        raise UnavailableError(f"cannot write to {home}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            raise ConflictError(
                f"another server already works on {home} (process {holder}); stop it or use another --home"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
