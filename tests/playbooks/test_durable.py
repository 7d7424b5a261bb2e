"""Workers, agent and server are killed at random moments: every effect happens once, every due undo is done."""

import contextlib
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from sentinel.database.tables import incidents
from sentinel.errors import ConflictError, SentinelError
from sentinel.model.moment import now, to_text
from sentinel.model.run import EffectState, RunState
from tests.collectors.respond.server import Desk, serving
from tests.database.fresh import state
from tests.playbooks.stage import BLOCK, SCOPE, Stage, alert, person
from tests.waiting import until

ROOT = Path(__file__).parents[2]
RUNS = 12
KILLS = 14
SHORT = BLOCK.replace("ttl: 4h", "ttl: 15s").replace("timeout: 10m", "timeout: 60s")


class City:
    """Everything that runs, each part to be killed and started again."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self.home = folder / "agent"
        self.home.mkdir()
        self.stage = Stage(engine, playbooks=[SHORT]).furnish()
        self.database = str(engine.url)
        self.desk = Desk(pending=lambda: self.stage.commands.pending("agent-1", now()), answer=self._answer)
        self.server = contextlib.ExitStack()
        self.url, self.port = "", 0
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self) -> list[str]:
        """Start one run for each of some incidents."""
        at, begun = to_text(now()), []
        with self.stage.engine.begin() as connection:
            row = {"title": "t", "title_vi": "t", "agency": "dept-a", "host": "h", "priority": "P2", "state": "open"}
            for number in range(RUNS):
                name = {"id": f"i{number}", "group_key": f"i{number}", "note": "", "opened_at": at, "changed_at": at}
                connection.execute(insert(incidents).values(row | name))
        for number in range(RUNS):
            incident = replace(self.stage.incident(), id=f"i{number}")
            fields = {"agent.id": "agent-1", "source.ip": f"203.0.113.{number + 1}"}
            begun += self.stage.runs.trigger(incident, alert(fields), now())
        return begun

    def start_server(self) -> None:
        client = self.server.enter_context(serving(self.desk, self.folder, self.port))
        self.url, self.port = client.url, int(client.url.rsplit(":", 1)[1])

    def stop_server(self) -> None:
        self.server.close()
        self.server = contextlib.ExitStack()

    def start(self, name: str) -> None:
        words = {
            "agent": ["agent", self.url, str(self.folder / "server.pem"), str(self.home)],
            "worker": ["worker", self.database],
            "second": ["worker", self.database],
        }
        command = [sys.executable, "-m", "tests.playbooks.durable_process", *words[name]]
        with (self.folder / f"{name}.log").open("ab") as errors:
            self.processes[name] = subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=errors)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def decide(self) -> None:
        """Say yes to whatever is asked."""
        for approval, _ in self.stage.runs.waiting(SCOPE, now()):
            with contextlib.suppress(ConflictError):
                self.stage.runs.decide(person(), approval.id, approved=True, note="", now=now())

    def acts(self) -> Counter[str]:
        path = self.home / "acts"
        return Counter(path.read_text().splitlines()) if path.exists() else Counter()

    def _answer(self, command: str, body: dict[str, object]) -> int:
        try:
            self.stage.commands.answer("agent-1", command, body, now())
        except SentinelError as error:
            return error.http_status
        return 200


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    engine = state(tmp_path)
    made = City(tmp_path, engine)
    yield made
    for name in list(made.processes):
        made.kill(name)
    made.stop_server()
    # A request that was being answered gives its connection back first; one that comes later nobody would close.
    until(lambda: engine.pool.checkedout() == 0, what="the last answer")  # type: ignore[attr-defined]
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_anywhere_every_effect_happens_once_and_is_undone_in_time(city: City, seed: int) -> None:
    chance = random.Random(seed)
    ids = city.begin()
    city.start_server()
    for name in ("agent", "worker", "second"):
        city.start(name)
    pause = threading.Event()
    for _ in range(KILLS):
        pause.wait(chance.uniform(0.05, 0.9))
        city.decide()
        victim = chance.choice(["agent", "agent", "worker", "second", "server"])
        if victim == "server":
            city.stop_server()
            pause.wait(chance.uniform(0, 0.5))
            city.start_server()
        else:
            city.kill(victim)
            city.start(victim)

    def is_all_over() -> bool:
        city.decide()
        found = [city.stage.run(run_id) for run_id in ids]
        undone = all(effect.state is EffectState.UNDONE for run in found for effect in run.effects)
        assert not [(run.error, run.effects) for run in found if run.state is RunState.FAILED]
        return undone and all(run.state is RunState.DONE and run.effects for run in found)

    until(is_all_over, seconds=75, what="the end of every run and undo")
    effects = [effect.id for run_id in ids for effect in city.stage.run(run_id).effects]
    assert len(set(effects)) == RUNS
    wanted = Counter({f"{what} {effect}": 1 for effect in effects for what in ("perform", "undo")})
    assert city.acts() == wanted
    assert city.stage.audit.verify() > RUNS * 4


@pytest.mark.slow
def test_with_the_server_gone_the_undo_is_done_and_known_when_it_is_back(city: City) -> None:
    (run_id, *_) = city.begin()
    city.start_server()
    city.start("agent")
    city.start("worker")

    def is_verified() -> bool:
        city.decide()
        return bool(city.stage.run(run_id).effects) and city.stage.run(run_id).effects[0].verified_at is not None

    until(is_verified, seconds=40, what="the verified effect")
    city.stop_server()
    city.kill("worker")
    effect = city.stage.run(run_id).effects[0]
    until(lambda: city.acts()[f"undo {effect.id}"], what="the undo without a server")
    assert city.stage.run(run_id).effects[0].state is EffectState.VERIFIED
    city.start_server()
    city.start("worker")
    until(lambda: city.stage.run(run_id).effects[0].state is EffectState.UNDONE, seconds=60, what="the server to know")

    def codes() -> list[str]:
        return [entry.code for entry in city.stage.incidents.timeline(SCOPE, "i0")]

    until(lambda: "effect.undone" in codes(), what="the timeline")
    until(lambda: city.stage.run(run_id).state is RunState.DONE, what="the end of the run")
