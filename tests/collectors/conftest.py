"""A small HTTPS server that keeps the contract of intake: certificates, enrolment, the sequence ledger."""

import base64
import datetime
import gzip
import hashlib
import http.server
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

COLLECTOR_SECRET = "the secret of a collector that is enrolled already"
COMMAND_KEY = bytes(range(32))


@dataclass(frozen=True)
class Authority:
    """A CA, and a server certificate of it for 127.0.0.1."""

    ca_pem: bytes
    ca_fingerprint: str
    chain_file: Path


def make_authority(folder: Path, name: str = "ca") -> Authority:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)

    def builder(subject: str, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
        )

    ca = (
        builder(name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = builder("server", key.public_key()).add_extension(names, critical=False).sign(ca_key, hashes.SHA256())
    chain = folder / f"{name}-chain.pem"
    chain.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + leaf.public_bytes(serialization.Encoding.PEM)
    )
    der = ca.public_bytes(serialization.Encoding.DER)
    return Authority(ca.public_bytes(serialization.Encoding.PEM), hashlib.sha256(der).hexdigest(), chain)


@dataclass
class Receiver:
    """What a server would have on disk; outlives the listening socket, so that 'the server' can be killed."""

    authority: Authority
    ledger: dict[str, list[bytes]] = field(default_factory=dict)
    """Epoch to lines, in order."""
    enrolled: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Hash of a collector's secret to (token secret, collector id)."""
    tokens: set[str] = field(default_factory=set)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Callable[["Receiver", str, int, list[bytes]], tuple[int, dict[str, Any], dict[str, str]] | None]] = (
        field(default_factory=list)
    )
    """Scripted answers to the next event batches; one that returns None lets the ledger answer."""
    replies_to_lose: int = 0
    """So many requests are carried out, and the connection is cut instead of answering."""
    changed: threading.Condition = field(default_factory=threading.Condition)
    port: int = 0
    server: http.server.ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def raws(self) -> list[str]:
        """The raw texts received, whatever the epoch."""
        with self.changed:
            return [json.loads(line)["raw"] for lines in self.ledger.values() for line in lines]

    def token(self, secret: str = "token") -> str:
        self.tokens.add(secret)
        document = {"u": self.url, "f": self.authority.ca_fingerprint, "s": secret}
        return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")

    def start(self) -> None:
        handler = type("Handler", (_Handler,), {"receiver": self})
        self.server = _Server(("127.0.0.1", self.port), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority.chain_file)
        self.server.context = context  # type: ignore[attr-defined]
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            for connection in list(self.server.connections):  # type: ignore[attr-defined]
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        self.server = None

    def wait(self, is_true: Callable[[], bool], seconds: float = 60.0) -> None:
        with self.changed:
            assert self.changed.wait_for(is_true, seconds), "the deadline passed"

    def events(self, epoch: str, first: int, lines: list[bytes]) -> tuple[int, dict[str, Any], dict[str, str]]:
        with self.changed:
            if self.answers and (answer := self.answers.pop(0)(self, epoch, first, lines)) is not None:
                return answer
            held = self.ledger.setdefault(epoch, [])
            if first > len(held) + 1:
                return 409, {"error": "a gap", "expected": len(held) + 1}, {}
            held.extend(lines[len(held) + 1 - first :])
            self.changed.notify_all()
            return 200, {"acknowledged": len(held)}, {}

    def enrol(self, body: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, str]]:
        with self.changed:
            known = self.enrolled.get(body["secret_hash"])
            if known is None:
                if body["secret"] not in self.tokens:
                    return 403, {"error": "the token was used, or is too old"}, {}
                self.tokens.remove(body["secret"])
                known = self.enrolled[body["secret_hash"]] = (body["secret"], f"collector{len(self.enrolled)}")
            if known[0] != body["secret"]:
                return 403, {"error": "the token was used, or is too old"}, {}
        key = base64.b64encode(COMMAND_KEY).decode()
        return 200, {"collector": known[1], "agency": "dept-finance", "command_key": key}, {}


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext

    def __init__(self, *arguments: Any) -> None:
        self.connections: set[Any] = set()
        super().__init__(*arguments)

    def finish_request(self, request: Any, client_address: Any) -> None:
        # The handshake is made in the connection's own thread.
        try:
            secured = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        with secured:
            self.connections.add(secured)
            try:
                super().finish_request(secured, client_address)
            except OSError:
                return
            finally:
                self.connections.discard(secured)

    def handle_error(self, request: Any, client_address: Any) -> None:
        return


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_GET(self) -> None:
        if self.path == "/api/v1/ca":
            self._send(200, self.receiver.authority.ca_pem, {})
        else:
            self._send(404, b"{}", {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/api/v1/enrol":
            status, document, headers = self.receiver.enrol(json.loads(body))
        elif not self._is_known():
            status, document, headers = 401, {"error": "unknown collector"}, {}
        elif self.path == "/api/v1/status":
            with self.receiver.changed:
                self.receiver.statuses.append(json.loads(body))
                self.receiver.changed.notify_all()
            status, document, headers = 200, {}, {}
        else:
            lines = _decoded(body, self.headers["Content-Encoding"]).split(b"\n")[:-1]
            epoch, first = self.headers["Sentinel-Epoch"], int(self.headers["Sentinel-First"])
            status, document, headers = self.receiver.events(epoch, first, lines)
        with self.receiver.changed:
            is_lost = self.receiver.replies_to_lose > 0
            self.receiver.replies_to_lose -= is_lost
        if is_lost:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(status, json.dumps(document).encode(), headers)

    def _is_known(self) -> bool:
        secret = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return secret == COLLECTOR_SECRET or hashlib.sha256(secret.encode()).hexdigest() in self.receiver.enrolled

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        return


def _decoded(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(body)
        case "gzip":
            return gzip.decompress(body)
    return body


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """Return a running server."""
    receiver = Receiver(make_authority(tmp_path))
    receiver.start()
    yield receiver
    receiver.stop()


@pytest.fixture
def other_authority(tmp_path: Path) -> Authority:
    """Return a CA nobody pinned."""
    return make_authority(tmp_path, "other")


@pytest.fixture
def home(tmp_path: Path, receiver: Receiver) -> Path:
    """Return the home folder of a collector that is enrolled at `receiver`."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "ca.pem").write_bytes(receiver.authority.ca_pem)
    identity = {
        "collector": "c1",
        "agency": "dept-finance",
        "url": receiver.url,
        "secret": COLLECTOR_SECRET,
        "command_key": base64.b64encode(COMMAND_KEY).decode(),
    }
    (home / "identity.json").write_text(json.dumps(identity))
    return home
