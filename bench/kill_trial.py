"""Lines are tailed while collector and server are killed at random: nothing may be lost, nothing doubled.

    python -m bench.kill_trial --seeds 20 --lines 200000

Real processes: `sentinel serve`, `sentinel-collect run`, a writer that rotates its file. Both are killed with SIGKILL
at times drawn from the seed and started again. At the end every line must be in the store once, byte for byte.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from sentinel.cli.client import Client
from sentinel.cli.demo.city import free_port, program
from sentinel.cli.init import create
from sentinel.model.search import Search
from sentinel.wiring import open_home

LINE = (
    '10.9.{a}.{b} - - [23/Nov/2026:08:00:00 +0000] "GET /hoso/{number}?seed={seed} HTTP/1.1" 200 512 "-" "trial/1.0"\n'
)
BURST = 2_000
ROTATE_EVERY = 45_000
SECONDS_BETWEEN_KILLS = (0.5, 4.0)
KILLS = 8
LONGEST_SECONDS = 300.0


@dataclass
class Trial:
    """One seed's processes, and what became of them."""

    folder: Path
    seed: int
    lines: int
    kills: dict[str, int] = field(default_factory=lambda: {"server": 0, "collector": 0})
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)

    def set_up(self) -> None:
        """Make the home, enrol the collector, and start both."""
        home, log = self.folder / "home", self.folder / "log"
        log.mkdir(parents=True)
        port = free_port(0)
        create(home, host="127.0.0.1", port=port, names=["localhost"], administrator="admin")
        opened = open_home(home)
        config = self.folder / "collector.toml"
        config.write_text(
            f'[server]\nurl = "https://localhost:{port}"\n[collector]\nhome = "{self.folder / "collector"}"\n'
            f'[[input]]\nkind = "file"\npath = "{log / "access.log"}"\ndataset = "nginx.access"\nstart = "beginning"\n'
        )
        collect = [program("sentinel-collect"), "--config", str(config)]
        self.commands = {
            "server": [program("sentinel"), "serve", "--home", str(home)],
            "collector": [*collect, "run"],
        }
        self.start("server")
        client = Client(f"https://localhost:{port}", opened.keys.ca)
        wait(client.is_up, "the server's first start")
        token = opened.enrolment.make_token(
            agency="city",
            name="trial",
            minutes=10,
            actor="bench",
            url=f"https://localhost:{port}",
            ca_fingerprint=opened.keys.ca_fingerprint(),
        )
        subprocess.run([*collect, "enrol", "-"], input=token.encode(), check=True, stdout=subprocess.DEVNULL)
        opened.close()
        self.start("collector")

    def start(self, name: str) -> None:
        """Start one of the two; its output goes to a file."""
        with (self.folder / f"{name}.log").open("ab") as output:
            self.running[name] = subprocess.Popen(self.commands[name], stdout=output, stderr=output)

    def kill(self, name: str) -> None:
        """Kill with SIGKILL and start again."""
        self.running[name].kill()
        self.running[name].wait()
        self.kills[name] += 1
        self.start(name)

    def write(self) -> None:
        """Write all lines in bursts, with a partial line at the end of most, and rotate the file by rename."""
        chance = random.Random(self.seed)
        path, written, rotations = self.folder / "log" / "access.log", 0, 0
        held = ""
        file = path.open("a")
        while written < self.lines:
            burst = range(written, min(written + chance.randint(1, BURST), self.lines))
            text = held + "".join(line(number, self.seed) for number in burst)
            cut = chance.randint(1, 40) if burst.stop < self.lines else 0
            text, held = (text[:-cut], text[-cut:]) if cut else (text, "")
            file.write(text)
            file.flush()
            written = burst.stop
            if written // ROTATE_EVERY > rotations:
                file.write(held)
                held = ""
                file.close()
                rotations += 1
                path.rename(path.with_name(f"access.log.{rotations}"))
                file = path.open("a")
            time.sleep(chance.random() * 0.04)
        file.close()

    def torment(self, stop: threading.Event) -> None:
        """Kill one or both at random times until told to stop; a bounded number of times, so that work goes on."""
        chance = random.Random(self.seed + 1_000)
        for _ in range(KILLS):
            if stop.wait(chance.uniform(*SECONDS_BETWEEN_KILLS)):
                return
            for name in chance.choice([["server"], ["collector"], ["server", "collector"]]):
                self.kill(name)

    def stored(self) -> int:
        """Return how many events the store's mark covers, read beside the server."""
        opened = open_home(self.folder / "home")
        try:
            return opened.store.mark().position
        finally:
            opened.close()

    def end(self) -> None:
        """Stop both, the gentle way."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(timeout=30)

    def judge(self) -> tuple[int, int, int]:
        """Return lines lost, doubled, and altered."""
        opened = open_home(self.folder / "home")
        search = Search(scope=frozenset({"city"}), query='event.dataset:"nginx.access"')
        seen = [0] * self.lines
        altered = 0
        for record in opened.store.scan(search):
            original = str(record.fields["event.original"])
            number = int(original.split("/hoso/")[1].split("?")[0])
            seen[number] += 1
            altered += original != line(number, self.seed).rstrip("\n")
        opened.close()
        return seen.count(0), sum(count - 1 for count in seen if count > 1), altered


def line(number: int, seed: int) -> str:
    """Return the one line with this number."""
    return LINE.format(a=number // 250 % 250, b=number % 250, number=number, seed=seed)


def wait(condition: object, what: str, seconds: float = 60.0) -> None:
    """Wait until `condition()` is true; end the benchmark when that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.5)


def run(seed: int, lines: int, folder: Path) -> tuple[Trial, tuple[int, int, int], float]:
    """Run one trial; return it, its verdict, and the seconds it took."""
    trial = Trial(folder, seed, lines)
    started = time.monotonic()
    trial.set_up()
    stop = threading.Event()
    tormentor = threading.Thread(target=trial.torment, args=(stop,), daemon=True)
    tormentor.start()
    try:
        trial.write()
        wait(lambda: trial.stored() >= lines, f"storing {lines} lines (seed {seed})", LONGEST_SECONDS)
        tormentor.join()
        # One more of each after the last line, so that the very end is tried too.
        trial.kill("collector")
        trial.kill("server")
        wait(lambda: trial.stored() >= lines, f"keeping {lines} lines (seed {seed})", LONGEST_SECONDS)
    finally:
        stop.set()
        trial.end()
    return trial, trial.judge(), time.monotonic() - started


def main() -> int:
    """Run the trials and print a line each; return 1 when one lost, doubled or altered a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="first seed")
    parser.add_argument("--lines", type=int, default=200_000)
    options = parser.parse_args()
    bad = 0
    for seed in range(options.first, options.first + options.seeds):
        with tempfile.TemporaryDirectory(prefix="kill-trial-") as folder:
            trial, (lost, doubled, altered), seconds = run(seed, options.lines, Path(folder))
        bad += bool(lost or doubled or altered)
        sys.stdout.write(
            f"seed {seed}: {options.lines} lines, killed server {trial.kills['server']} and collector "
            f"{trial.kills['collector']} times, lost {lost}, doubled {doubled}, altered {altered}, {seconds:.0f} s\n"
        )
        sys.stdout.flush()
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
