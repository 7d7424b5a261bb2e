"""One trial: producers send, actors die as planned, and at the end the store is held against the oracle."""

import contextlib
import json
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bench.crash_trial.actors import Actor
from bench.crash_trial.engines import Configuration, Engine
from bench.crash_trial.ground import AGENCY, Disk, Template, collector_settings
from bench.crash_trial.oracle import Oracle, Verdict
from bench.crash_trial.plan import Fault, plan
from bench.crash_trial.producers import DOORS, Producer, Tailed
from sentinel.cli.client import Client
from sentinel.cli.demo.city import program
from sentinel.errors import UnavailableError
from sentinel.model.search import Search
from sentinel.wiring import Home, open_home

LEAST_BATCHES = 5
"""Of each producer, before and after the faults."""
START_SECONDS = 60.0
DRAIN_SECONDS = 120.0


class TrialError(Exception):
    """The trial itself could not be run to its end: something never came back."""


@dataclass
class Result:
    """What became of a trial."""

    seed: int
    faults: Sequence[Fault]
    verdict: Verdict
    deaths: dict[str, int]
    at_points: int
    answers: Counter[str]
    seconds: float


@dataclass
class Trial:
    """The actors of one seed on their disk."""

    seed: int
    template: Template
    engines: dict[str, Engine]
    folder: Path
    configuration: Configuration
    has_collector: bool
    disk: Disk = field(init=False)
    actors: dict[str, Actor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.disk = Disk(self.folder)
        self.oracle = Oracle(self.seed)
        self.client = Client(f"https://localhost:{self.template.port}", self.template.target.ca)
        self.producers = [Producer(door, send, self.template.target, self.oracle) for door, send in DOORS.items()]
        self.tailed = Tailed(self.folder / "trial.log", self.oracle)

    def run(self) -> Result:
        """Run it; raise `TrialError` where something never came back."""
        begun = time.monotonic()
        try:
            return self._run(begun)
        finally:
            for producer in self.producers:
                producer.stop.set()
                producer.abandon.set()
            for actor in self.actors.values():
                actor.end()

    def _run(self, begun: float) -> Result:
        threads = self._set_up()
        try:
            faults = self._torment()
            self._wait_for_batches("after the last fault")
        finally:
            for each in (*self.producers, self.tailed):
                each.stop.set()
        for thread in threads:
            thread.join(START_SECONDS)
            if thread.is_alive():
                raise TrialError("a producer's last batch was never acknowledged")
        stored = self._drained()
        return Result(
            self.seed,
            faults,
            self.oracle.judge(stored),
            {name: each.deaths for name, each in (*self.actors.items(), *self.engines.items()) if each.deaths},
            sum(actor.points for actor in self.actors.values()),
            sum((producer.answers for producer in self.producers), Counter()),
            time.monotonic() - begun,
        )

    def _set_up(self) -> list[threading.Thread]:
        shutil.copytree(self.template.folder / "home", self.folder / "home")
        for name, arguments in self.configuration.roles.items():
            self._add(name, [program("sentinel"), "serve", "--home", str(self.folder / "home"), *arguments])
        running: list[Producer | Tailed] = [*self.producers]
        if self.has_collector:
            shutil.copytree(self.template.folder / "collector", self.folder / "collector")
            (self.folder / "trial.log").touch()
            config = self.folder / "collector.toml"
            config.write_text(collector_settings(self.folder, f"https://localhost:{self.template.port}"))
            self._add("collector", [program("sentinel-collect"), "--config", str(config), "run"])
            running.append(self.tailed)
        threads = [threading.Thread(target=each.run, daemon=True) for each in running]
        for thread in threads:
            thread.start()
        return threads

    def _add(self, name: str, command: Sequence[str]) -> None:
        # The logs lie beside the disk that will be full.
        log = self.folder.with_name(f"{self.folder.name}-{name}.log")
        self.actors[name] = Actor(name, command, log, self.template.shim)

    def _torment(self) -> Sequence[Fault]:
        """Let everything go wrong that is planned, one after the other; everything runs on return."""
        others = [*self.engines]
        others += ["disk"] * self.disk.is_small + ["crew"] * self.configuration.has_crew
        faults = plan(self.seed, list(self.actors), others)
        for name, actor in self.actors.items():
            actor.start(faults[0] if faults[0].victim == name else None)
        for place, fault in enumerate(faults):
            if fault.victim in self.actors:
                self._let_die(self.actors[fault.victim], fault, is_first=place == 0)
            else:
                self._until_up()
                self._harm(fault)
        self._until_up()
        return faults

    def _let_die(self, actor: Actor, fault: Fault, *, is_first: bool) -> None:
        if fault.call and not is_first:
            self._until_up()
            actor.kill()
            actor.start(fault)
        if fault.call:
            # Its start has calls too; what it does not reach within its time, it is killed for.
            until(lambda: actor.is_dead or self.client.is_up(), START_SECONDS, "the start before a point")
        else:
            self._until_up()
        actor.await_death(fault.seconds)
        actor.start()

    def _harm(self, fault: Fault) -> None:
        pause = threading.Event()
        if fault.victim == "disk":
            self.disk.fill()
            pause.wait(fault.seconds)
            self.disk.clear()
        elif fault.victim == "crew":
            pause.wait(fault.seconds)
            self.actors["server"].kill_child()
        else:
            pause.wait(fault.seconds)
            self.engines[fault.victim].kill()
            pause.wait(random.Random(self.seed).random())
            self.engines[fault.victim].start()

    def _until_up(self) -> None:
        """Wait until the server answers; what ended because a disk was full or an engine away is started again."""

        def is_up() -> bool:
            for actor in self.actors.values():
                if actor.is_dead:
                    actor.start()
            return self.client.is_up()

        until(is_up, START_SECONDS, "the server's start")

    def _wait_for_batches(self, when: str) -> None:
        wanted = [(each, each.batches + LEAST_BATCHES) for each in self.producers]
        for each, _ in wanted:
            each.go_on(LEAST_BATCHES)
        until(lambda: all(each.batches >= least for each, least in wanted), START_SECONDS, f"sending {when}")

    def _drained(self) -> Counter[str]:
        """Return what is stored once everything that was promised is, and one fresh line of each door."""
        for producer in self.producers:
            lines = self.oracle.issue(producer.door, 1)
            until(lambda p=producer, fresh=lines: p.send(p, fresh), START_SECONDS, "a fresh event")  # type: ignore[misc]
            self.oracle.acknowledge(lines)
        seen: list[Counter[str]] = [Counter()]

        def is_all_there() -> bool:
            if not self.engines and opened.store.mark().position < opened.journal.end():
                return False
            seen.append(kept(opened))
            # With engines there may be more on the way: until two looks see the same.
            return not self.oracle.missing(seen[-1]) and (not self.engines or seen[-1] == seen[-2])

        with closing(open_home(self.folder / "home")) as opened, contextlib.suppress(TrialError):
            until(lambda: answered(is_all_there), DRAIN_SECONDS, "storing", every=1.0 if self.engines else 0.3)
        # Also when it did not come: then the verdict says what is missing.
        return seen[-1]


def kept(opened: Home) -> Counter[str]:
    """Return how often each line is stored, of all senders; lines that came in a document are taken out of it."""
    scope = opened.agencies.scope("city")
    found: Counter[str] = Counter()
    for record in opened.store.scan(Search(scope=scope, query=f"organization.id:{AGENCY} AND event.dataset:app.*")):
        text = str(record.fields["event.original"])
        found[json.loads(text)["message"] if text.startswith("{") else text] += 1
    return found


def answered(question: Callable[[], bool]) -> bool:
    """Return the answer; False while there is none, as from an engine that is still gathering itself."""
    try:
        return question()
    except UnavailableError:
        return False


def until(condition: Callable[[], object], seconds: float, what: str, every: float = 0.05) -> None:
    """Wait for `condition()`; raise `TrialError` when that takes too long."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise TrialError(f"{what} did not happen within {seconds:.0f} s")
        pause.wait(every)
