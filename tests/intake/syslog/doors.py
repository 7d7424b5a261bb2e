"""A syslog door on free loopback ports, and what came through it into the journal."""

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

from sqlalchemy import Engine

from sentinel.event import Event
from sentinel.home import Keys, make_client, make_keys
from sentinel.intake.doorway import Doorway
from sentinel.intake.ledger import Ledger
from sentinel.intake.syslog import certificate
from sentinel.intake.syslog.passage import Manners
from sentinel.intake.syslog.server import Places, SyslogServer
from sentinel.journal import Journal
from sentinel.model.sender import Sender
from tests.live.servers.process import free_port
from tests.secured import secured
from tests.waiting import until

MANNERS = Manners(
    message_bytes=2_000,
    idle_seconds=30,
    midway_seconds=30,
    handshake_seconds=5,
    connections=20,
    connections_per_source=10,
    zone="Asia/Ho_Chi_Minh",
)
LOCAL = Sender(
    id="s-local",
    door="syslog",
    name="relay",
    agency="dept-a",
    dataset="linux.syslog",
    networks=(ip_network("127.0.0.1"),),
)
EVERYTHING = frozenset({"city", "dept-a", "dept-b"})


@dataclass
class Doors:
    """A running syslog server, in this process."""

    journal: Journal
    engine: Engine
    folder: Path
    senders: list[Sender] = field(default_factory=lambda: [LOCAL])
    manners: Manners = MANNERS
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    has_tls: bool = False
    wake: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.doorway = Doorway(self.journal, self.engine, self.wake)

    @property
    def keys(self) -> Keys:
        """The server's keys and its CA."""
        return make_keys(self.folder / "keys", ["localhost"])

    @contextmanager
    def opened(self) -> Iterator["Doors"]:
        """Serve until left; raise what the server's thread raised."""
        places = Places(
            udp=f"127.0.0.1:{self.port}",
            tcp=f"127.0.0.1:{self.port}",
            tls=f"127.0.0.1:{self.tls_port}" if self.has_tls else "",
            receive_buffer_bytes=1_000_000,
        )
        server = SyslogServer(places, self.manners, self.doorway, lambda: list(self.senders), self._context)
        stop = threading.Event()
        server.open()
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(server.run, stop)
            try:
                yield self
            finally:
                stop.set()
                running.result(20)

    def _context(self) -> ssl.SSLContext:
        keys = self.keys
        return certificate.context(certificate=keys.server, key=keys.server_key, client_ca=keys.ca)

    def tcp(self) -> socket.socket:
        """Return a connection over TCP."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def tls(self, client: Keys | None = None, *, name: str = "") -> ssl.SSLSocket:
        """Return a connection over TLS, with the client certificate `name` of the home's CA, or another's."""
        context = ssl.create_default_context(cafile=str(self.keys.ca))
        folder = (client or self.keys).folder
        if name:
            context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        return secured(context, socket.create_connection(("127.0.0.1", self.tls_port), 10))

    def certify(self, name: str) -> Sender:
        """Make a client certificate and the sender it belongs to."""
        fingerprint = make_client(self.keys, name, self.keys.folder)
        sender = replace(LOCAL, id=f"s-{name}", networks=(), certificate=fingerprint)
        self.senders.append(sender)
        return sender

    def udp(self, *messages: bytes) -> None:
        """Send datagrams."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            for message in messages:
                sending.sendto(message, ("127.0.0.1", self.port))

    def kept(self) -> list[Event]:
        """Return what is in the journal."""
        found, position = list[Event](), 0
        while entries := self.journal.read(position, 10_000):
            found += [entry.event for entry in entries]
            position = entries[-1].position + 1
        return found

    def texts(self, count: int) -> list[str]:
        """Return the texts in the journal once there are so many."""
        until(lambda: len(self.kept()) >= count, what=f"{count} messages in the journal")
        return [event.raw for event in self.kept()]

    def counter(self, reason: str) -> int:
        """Return what was counted: by sender in the database, else in the doorway."""
        of_senders = sum(each.count for each in Ledger(self.engine).counters(EVERYTHING) if each.reason == reason)
        return of_senders or self.doorway.statistics.get(("syslog", reason), 0)
