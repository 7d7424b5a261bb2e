"""A real Sentinel server with doors for others, whose process tests kill and whose store they read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sentinel.accounts.agencies import CITY
from sentinel.cli.administrator import administrator
from sentinel.cli.client import Client
from sentinel.cli.demo.city import program
from sentinel.cli.init import create
from sentinel.home import Keys, make_client
from sentinel.model.search import Search
from sentinel.model.sender import Network, SenderLimits
from sentinel.wiring import Home, open_home
from tests.live.servers.process import ServerProcess, free_port

AGENCY = "dept-finance"
FAST = SenderLimits(events_per_second=100_000, bytes_per_second=100_000_000)


@dataclass(frozen=True)
class Ports:
    """Where the server listens."""

    web: int
    syslog: int
    tls: int


class SentinelServer(ServerProcess):
    """`sentinel serve` on a home of its own, without rules, with all syslog doors open."""

    def __init__(self, settings: str = "", home: Path | None = None) -> None:
        super().__init__("sentinel")
        self.home = home or self.folder / "home"
        self.ports = Ports(free_port(), free_port(), free_port())
        create(
            self.home, host="127.0.0.1", port=self.ports.web, names=["localhost", "127.0.0.1"], administrator="admin"
        )
        rules = self.folder / "rules"
        rules.mkdir()
        with (self.home / "sentinel.toml").open("a") as file:
            file.write(
                f'\n[syslog]\nudp = "127.0.0.1:{self.ports.syslog}"\ntcp = "127.0.0.1:{self.ports.syslog}"\n'
                f'tls = "127.0.0.1:{self.ports.tls}"\n[content]\nrules = ["{rules}"]\n{settings}'
            )

    @property
    def url(self) -> str:
        """The address of the web server."""
        return f"https://localhost:{self.ports.web}"

    @property
    def keys(self) -> Keys:
        """Keys and certificates of the home."""
        return Keys(self.home / "keys")

    def command(self) -> Sequence[str | Path]:
        """Return the command that serves."""
        return [program("sentinel"), "serve", "--home", self.home]

    def answers(self) -> bool:
        """Say whether the web server answers; the other doors are open by then."""
        return Client(self.url, self.keys.ca).is_up()

    @cached_property
    def beside(self) -> Home:
        """The home as another process sees it."""
        return open_home(self.home)

    def remove(self) -> None:
        """Kill the server and delete its data."""
        if "beside" in self.__dict__:
            self.beside.close()
        super().remove()

    def add_sender(
        self, door: str, dataset: str = "linux.syslog", networks: tuple[Network, ...] = (), certificate: str = ""
    ) -> str:
        """Let somebody send; return the token, empty for syslog."""
        return self.beside.sender_desk.add(
            administrator(self.beside.agencies),
            door=door,
            name=f"{door} {certificate[:8]}",
            agency=AGENCY,
            dataset=dataset,
            networks=networks,
            certificate=certificate,
            limits=FAST,
        )[1]

    @property
    def client(self) -> tuple[Path, Path]:
        """Files with the certificate and the key of the sender that `certify` has made."""
        return self.folder / "client.pem", self.folder / "client.key"

    def certify(self) -> None:
        """Let a sender with a client certificate send."""
        self.add_sender("syslog", certificate=make_client(self.keys, "client", self.folder))

    def stored(self, field: str = "event.original") -> Counter[str]:
        """Return how often each value of a field is stored of what senders sent."""
        query = f"organization.id:{AGENCY} AND NOT event.dataset:sentinel.*"
        found = self.beside.store.scan(Search(scope=self.beside.agencies.scope(CITY), query=query))
        return Counter(str(record.fields.get(field)) for record in found)

    def position(self) -> int:
        """Return how many events were stored, repeats and Sentinel's own counted: cheap to ask."""
        return self.beside.store.mark().position
