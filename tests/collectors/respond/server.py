"""A real server of commands on this machine: TLS, long poll, reports; what it gave and took can be read."""

import base64
import contextlib
import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from collectors.client import Client

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = KEY.public_key().public_bytes_raw()
COLLECTOR = "agent-1"


def signed(
    *,
    name: str = "a" * 64,
    effect: str = "e" * 64,
    action: str = "touch",
    arguments: Mapping[str, object] | None = None,
    verb: str = "perform",
    begin: float = -1,
    end: float = 60,
    undo: float | None = 600,
    collector: str = COLLECTOR,
    key: Ed25519PrivateKey = KEY,
    now: datetime.datetime | None = None,
) -> dict[str, str]:
    """Return a signed command; `begin`, `end` and `undo` are seconds from now."""
    at = now or datetime.datetime.now(datetime.UTC)

    def later(seconds: float) -> str:
        return (at + datetime.timedelta(seconds=seconds)).isoformat()

    body = {
        "id": name,
        "collector": collector,
        "verb": verb,
        "action": action,
        "arguments": dict(arguments or {}),
        "effect": effect,
        "run": "run",
        "step": "0",
        "not_before": later(begin),
        "not_after": later(end),
        "undo_at": later(undo) if undo is not None else None,
    }
    return sealed(json.dumps(body, sort_keys=True, separators=(",", ":")).encode(), key)


def sealed(payload: bytes, key: Ed25519PrivateKey = KEY) -> dict[str, str]:
    """Return any payload with its signature."""
    signature = base64.b64encode(key.sign(payload)).decode()
    return {"payload": base64.b64encode(payload).decode(), "signature": signature}


@dataclass
class Desk:
    """What the server gives out and what it was told."""

    pending: Callable[[], list[dict[str, str]]] = list
    answer: Callable[[str, dict[str, object]], int] = lambda _command, _body: 200
    told: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    rung: threading.Condition = field(default_factory=threading.Condition)

    def states(self, command: str | None = None) -> list[object]:
        """Return the states reported, in the order they came."""
        return [body["state"] for name, body in self.told if command in (None, name)]


@contextmanager
def serving(desk: Desk, folder: Path, port: int = 0) -> Iterator[Client]:
    """Run the server; yield a client for it."""
    certificate, key = _certificate(folder)
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(desk))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = False  # So that closing waits for the answers being given; none comes to a desk later.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    client = Client(f"https://127.0.0.1:{server.server_address[1]}", certificate, "secret")
    try:
        yield client
    finally:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(desk: Desk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # Every connection ends with its answer, so none is left over in a test.
        timeout = 10

        def do_GET(self) -> None:
            with desk.rung:
                found = desk.pending()
                if not found:
                    desk.rung.wait(0.1)
                    found = desk.pending()
            self._say(200, {"commands": found})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            command = self.path.split("/")[4]
            status = desk.answer(command, body)
            if status == 200:
                desk.told.append((command, body))
            self._say(status, {} if status == 200 else {"error": "no"})

        def _say(self, status: int, body: dict[str, object]) -> None:
            encoded = json.dumps(body).encode()
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with contextlib.suppress(OSError):
                super().handle()

    return Handler


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, private = folder / "server.pem", folder / "server.key"
    if certificate.exists():
        return certificate, private
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private
