"""A real Kafka 4.0 of one node that is broker and controller (KRaft)."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.live.servers.process import QUICK_JAVA, SERVICES, MissingServerError, ServerProcess, free_port

SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
"""
LOGGING = """\
Configuration:
  Appenders:
    Console: {name: console, PatternLayout: {pattern: "%d %p %m (%c)%n"}}
  Loggers:
    Root: {level: INFO, AppenderRef: [{ref: console}]}
"""


class KafkaServer(ServerProcess):
    """One broker with its data in a folder of its own."""

    def __init__(self, heap: str = "512m") -> None:
        """Prepare the data folder; raise `MissingServerError` where Java or the jars are missing."""
        jars = SERVICES / "kafka-4.0"
        if not (jars / "made-from").exists():
            raise MissingServerError("Kafka is missing; run `deploy/fetch-test-servers`")
        if not Path("/usr/bin/java").exists():
            raise MissingServerError("Java is missing; run `make packages`")
        super().__init__("kafka")
        self._heap, self._class_path, self._port = heap, f"{jars}/lib/*", free_port()
        self._settings = self.folder / "server.properties"
        self._settings.write_text(self.settings())
        (self.folder / "log4j2.yaml").write_text(LOGGING)
        identity = self._tool("random-uuid").strip().splitlines()[-1]
        self._tool("format", "--standalone", "-t", identity, "-c", str(self._settings), *self.format_options())

    def settings(self) -> str:
        """Return the settings of the broker."""
        return SETTINGS.format(port=self._port, controller=free_port(), folder=self.folder)

    def format_options(self) -> list[str]:
        """Return what the storage is formatted with beside its identity."""
        return []

    @property
    def url(self) -> str:
        """The bootstrap address, as the client's `bootstrap.servers` wants it."""
        return f"127.0.0.1:{self._port}"

    def command(self) -> Sequence[str | Path]:
        """Return the command that starts the broker."""
        return [*self._java(f"-Xmx{self._heap}"), "kafka.Kafka", self._settings]

    def answers(self) -> bool:
        """Say whether the broker tells clients about itself."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        try:
            found = AdminClient({"bootstrap.servers": self.url, "log_level": 0}).list_topics(timeout=2)
        except KafkaException:
            return False
        return bool(found.brokers)

    def _java(self, *options: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder}/log4j2.yaml"
        return ["/usr/bin/java", *options, *QUICK_JAVA, logging, "-cp", self._class_path]

    def _tool(self, *arguments: str) -> str:
        command = [*self._java("-Xmx256m"), "kafka.tools.StorageTool", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=self.environment())
        assert done.returncode == 0, done.stderr[-2_000:]
        return done.stdout
