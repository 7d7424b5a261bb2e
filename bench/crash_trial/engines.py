"""The configurations that trials run on, and the engines each needs; engines outlive trials, and die in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.live.servers.elastic import ElasticServer
from tests.live.servers.kafka import KafkaServer
from tests.live.servers.postgres import PostgresServer
from tests.live.servers.process import ServerProcess

ALONE: Mapping[str, Sequence[str]] = {"server": ()}


@dataclass
class Engine:
    """A real server that a trial may kill."""

    server: ServerProcess
    deaths: int = 0

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.server.kill()
        self.deaths += 1

    def start(self) -> None:
        """Start it again on the data it has."""
        self.server.start()


Engines = Mapping[str, Engine]


@dataclass(frozen=True)
class Configuration:
    """What a home's settings say, which engines they need, and which processes of ours work on it."""

    settings: Callable[[Engines, str], str]
    """From the engines and a name that no trial had before to settings; prepares the engines for that name."""
    servers: Mapping[str, Callable[[], ServerProcess]] = field(default_factory=dict)
    has_crew: bool = False
    """Whether the server has started processes of its own, which can die too."""
    roles: Mapping[str, Sequence[str]] = field(default_factory=lambda: ALONE)
    """Processes by name with their arguments; `server` is the one with the doors."""

    @property
    def is_embedded(self) -> bool:
        """Return whether everything is in the home: it can be copied for every trial then, with a collector's."""
        return not self.servers

    @contextmanager
    def engines(self) -> Iterator[dict[str, Engine]]:
        """Run the engines."""
        with ExitStack() as stack:
            yield {name: Engine(stack.enter_context(make())) for name, make in self.servers.items()}


def _elastic(engines: Engines, name: str) -> str:
    return f'[store]\nurl = "elastic+{engines["elasticsearch"].server.url}"\nnamespace = "{name}"\n'


def _scaled(engines: Engines, name: str) -> str:
    import psycopg

    with psycopg.connect(engines["postgresql"].server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    database = engines["postgresql"].server.url.removesuffix("postgres") + name
    return (
        f'{_elastic(engines, name)}[journal]\nurl = "kafka://{engines["kafka"].server.url}/{name}"\npartitions = 2\n'
        f'[database]\nurl = "{database}"\n'
    )


CONFIGURATIONS: dict[str, Configuration] = {
    "embedded": Configuration(lambda engines, name: ""),  # noqa: ARG005
    "crew": Configuration(lambda engines, name: "[pipeline]\nworkers = 2\n", has_crew=True),  # noqa: ARG005
    "elastic": Configuration(_elastic, {"elasticsearch": lambda: ElasticServer("8.19", heap="512m")}),
    "scaled": Configuration(
        _scaled,
        {
            "elasticsearch": lambda: ElasticServer("9.1", heap="512m"),
            "kafka": lambda: KafkaServer(heap="384m"),
            "postgresql": PostgresServer,
        },
        roles={"server": ("--role", "web"), "worker-1": ("--role", "pipeline"), "worker-2": ("--role", "pipeline")},
    ),
}
