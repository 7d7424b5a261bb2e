"""Any order of writing, rotating, polling and restarting: each line is read once, and losses are said."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from collectors.logs.file import FileInput
from collectors.reading import GAP
from collectors.settings import FileSettings
from collectors.tail.watch import CLOSE_SECONDS, FLUSH_SECONDS

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class RotationMachine(RuleBasedStateMachine):
    """One writer, one logrotate, one collector, in any order.

    A copytruncate comes only after a line of the file was read: nobody can tell a copy of a file that nobody read.
    """

    pattern = "app.log"

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp())
        self.log = self.folder / "app.log"
        self.log.touch()
        self.seconds = 1000.0
        self.tick = 1_000_000_000
        self.count = 0
        self.partial = ""
        self.written: list[str] = []
        self.read: list[str] = []
        self.gaps: list[str] = []
        self.cursor: str | None = None
        self.generation = 0
        self.is_open = True
        self.has_lines = self.is_known = False
        self.source = self.opened()
        self.poll()

    def opened(self) -> FileInput:
        options = FileSettings(
            name="log", path=str(self.folder / self.pattern), dataset="linux.auth", start="beginning"
        )
        source = FileInput(options, now=lambda: AT, clock=lambda: self.seconds)
        source.open(self.cursor)
        return source

    def append(self, text: str) -> None:
        with self.log.open("a") as file:
            file.write(text)
        self.stamp(self.log)

    def stamp(self, path: Path) -> None:
        # Rotations in a test are faster than the clock that files are stamped with.
        self.tick += 1_000_000_000
        os.utime(path, ns=(self.tick, self.tick))

    @rule(sizes=st.lists(st.integers(0, 1500), min_size=1, max_size=5))
    def write(self, sizes: list[int]) -> None:
        lines = []
        for size in sizes:
            self.count += 1
            lines.append(f"{self.count} {'x' * size}")
        self.append("".join(line + "\n" for line in lines))
        lines[0], self.partial = self.partial + lines[0], ""
        self.written += lines
        self.has_lines = True

    @rule()
    def write_a_part(self) -> None:
        self.count += 1
        self.append(f"part {self.count} ")
        self.partial += f"part {self.count} "

    @precondition(lambda self: self.is_open)
    @rule(limit=st.integers(1, 50))
    def poll(self, limit: int = 1000) -> None:
        self.is_known = self.has_lines
        readings: list[object] = [None]
        while readings:
            readings, self.cursor = self.source.read(limit, 0)  # type: ignore[assignment]
            for reading in readings:
                (self.gaps if reading.dataset == GAP else self.read).append(reading.raw)  # type: ignore[attr-defined]

    @rule(seconds=st.sampled_from([0.1, FLUSH_SECONDS, CLOSE_SECONDS]))
    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds

    def shift(self) -> None:
        for number in range(self.generation, 0, -1):
            (self.folder / f"app.log.{number}").rename(self.folder / f"app.log.{number + 1}")
        self.generation += 1

    def take_partial(self) -> None:
        self.has_lines = self.is_known = False
        if self.partial:
            self.written.append(self.partial)
        self.partial = ""

    @rule()
    def rotate_by_rename(self) -> None:
        self.shift()
        self.log.rename(self.folder / "app.log.1")
        self.stamp(self.folder / "app.log.1")
        self.log.touch()
        self.stamp(self.log)
        self.take_partial()

    @precondition(lambda self: self.is_known)
    @rule()
    def rotate_by_copytruncate(self) -> None:
        self.shift()
        shutil.copy(self.log, self.folder / "app.log.1")
        self.stamp(self.folder / "app.log.1")
        os.truncate(self.log, 0)
        self.stamp(self.log)
        self.take_partial()

    @rule()
    def stop(self) -> None:
        self.source.close()
        self.is_open = False

    @precondition(lambda self: not self.is_open)
    @rule()
    def start(self) -> None:
        self.source = self.opened()
        self.is_open = True

    def teardown(self) -> None:
        if not self.is_open:
            self.start()
        for number in range(3):
            self.poll()
            if number == 0:
                # An unfinished line of an old generation waits as long as the pattern matches the file.
                for path in self.folder.glob("app.log.*"):
                    path.unlink()
            self.seconds += FLUSH_SECONDS + 1
        self.append("\n")
        self.take_partial()
        self.poll()
        try:
            assert sorted(self.read) == sorted(self.written)
            assert self.gaps == []
        finally:
            self.source.close()
            shutil.rmtree(self.folder)


class GlobRotationMachine(RotationMachine):
    """The same where the pattern matches the rotated names too."""

    pattern = "app.log*"

    @rule()
    def pass_time_for_the_glob(self) -> None:
        self.seconds += 1.0

    def opened(self) -> FileInput:
        self.seconds += 1.0
        return super().opened()

    def teardown(self) -> None:
        self.seconds += 1.0
        super().teardown()


RotationMachine.TestCase.settings = GlobRotationMachine.TestCase.settings = settings(
    max_examples=80, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestRotation = RotationMachine.TestCase
TestGlobRotation = GlobRotationMachine.TestCase
