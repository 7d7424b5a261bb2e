"""A running server with worker processes takes changed rules, says what is broken, and leaves nobody behind."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from sentinel.cli.client import Client
from sentinel.cli.demo.city import free_port, program
from sentinel.cli.init import create
from sentinel.wiring import open_home
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow]

RULE = """
title: Rule {number}
id: 6f0f6b3c-1c5e-4f3a-9d8e-0000000000{number:02}
status: test
logsource: {{product: sentinel, service: detection}}
detection:
  changed: {{action: rules.changed, value: {number}}}
  condition: changed
level: high
"""


@dataclass
class Served:
    """A server, its console, and its folder of rules."""

    process: subprocess.Popen[bytes]
    console: Client
    rules: Path
    log: Path

    def write(self, number: int, text: str = RULE) -> None:
        (self.rules / f"{number}.yml").write_text(text.format(number=number) if text is RULE else text)

    def loaded(self) -> int:
        return int(str(self.console.get("/api/v1/rules")["loaded"]))

    def workers(self) -> list[int]:
        """Return the ids of the server's child processes."""
        children = Path(f"/proc/{self.process.pid}/task")
        return [int(pid) for task in children.iterdir() for pid in (task / "children").read_text().split()]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    home, rules, log = tmp_path / "home", tmp_path / "rules", tmp_path / "server.log"
    create(home, host="127.0.0.1", port=free_port(0), names=["localhost", "127.0.0.1"], administrator="admin")
    rules.mkdir()
    settings = home / "sentinel.toml"
    more = f'\n[content]\nrules = ["{rules}"]\n\n[pipeline]\nworkers = 1\n'
    settings.write_text(settings.read_text("utf-8") + more, "utf-8")
    (rules / "1.yml").write_text(RULE.format(number=1))
    with closing(open_home(home)) as opened, log.open("wb") as output:
        process = subprocess.Popen([program("sentinel"), "serve", "--home", str(home)], stdout=output, stderr=output)
        try:
            console = Client(opened.settings.server.public_url, opened.keys.ca)
            until(lambda: console.is_up() or process.poll() is not None, what="the server is up", seconds=60)
            user = opened.users.by_name("admin")
            assert user is not None, log.read_text()
            console.sign_in(opened.sign_in.make_link(user.id, minutes=5, actor="test"))
            yield Served(process, console, rules, log)
        finally:
            process.kill()
            process.wait()


def test_rules_change_while_the_server_runs(served: Served) -> None:
    assert served.loaded() == 1
    (first,) = served.workers()
    served.write(2)
    until(lambda: served.loaded() == 2, what="the new file noticed")
    until(lambda: first not in served.workers() and served.workers(), what="workers with the new rules")
    until(lambda: _titles(served) == {"Rule 2"}, what="the alert that the new rule raises on its own arrival")

    served.write(3, "title: [broken")
    served.process.send_signal(signal.SIGHUP)
    until(lambda: served.console.get("/api/v1/rules")["faults"], what="the broken file named")
    assert served.loaded() == 2
    for path in served.rules.iterdir():
        path.unlink()
    served.console.post("/api/v1/rules/reload", {})
    until(lambda: served.console.get("/api/v1/rules")["refused"], what="the empty folder refused")
    assert served.loaded() == 2
    served.write(3)
    until(lambda: served.loaded() == 1, what="the folder taken again")
    said = {str(entry["action"]) for entry in _list(served.console.get("/api/v1/audit", limit=1000), "entries")}
    assert {"rules.changed", "rule.faulty", "rules.reload_refused"} <= said

    workers = served.workers()
    served.process.kill()
    served.process.wait()
    until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), what="the workers end with a killed server"
    )
    assert "Traceback" not in served.log.read_text()
    assert os.getpid() not in workers


def _titles(served: Served) -> set[str]:
    return {str(alert["title"]) for alert in _list(served.console.get("/api/v1/alerts"), "alerts")}


def _list(answer: dict[str, object], key: str) -> list[dict[str, object]]:
    rows = answer.get(key)
    return rows if isinstance(rows, list) else []
