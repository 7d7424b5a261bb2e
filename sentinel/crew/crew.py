"""Keeps worker processes at work: hands out slices, puts the answers back in order, replaces who dies."""

import logging
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sentinel.crew.notes import Notes
from sentinel.crew.wire import Answer, Channel, Failed, Message, Ready, Start, pack, pack_lines, results, unpack
from sentinel.detect.correlate.hit import Hit
from sentinel.errors import UnavailableError
from sentinel.journal import Entry
from sentinel.model.record import Record

log = logging.getLogger(__name__)

SLICE_EVENTS = 1_500
"""Few enough that workers share a batch evenly and need little memory; many enough that what each kind of record costs
by itself does not count."""
LIVES = 3
"""A slice that so many workers die of is judged no further: its events are tried alone."""
SLICE_SECONDS = 120.0
"""A worker that needs longer for a slice hangs, and is ended."""
START_SECONDS = 120.0
ENDED = "it ended at once"
_PACKAGE = Path(__file__).resolve().parent.parent.parent
_COMMAND = (sys.executable, "-c", "from sentinel.crew.worker import main; main()")


class SliceError(RuntimeError):
    """Workers cannot judge these events."""

    def __init__(self, message: str, *, is_deadly: bool) -> None:
        super().__init__(message)
        self.is_deadly = is_deadly
        """Workers died of it: nobody else should try all of them at once."""


@dataclass(slots=True)
class Slice:
    """Some entries, and what became of them."""

    frame: bytes
    """Until there is an answer."""
    is_done: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None
    fault: str = ""
    lives: int = LIVES


class Ticket:
    """A batch that was handed out."""

    def __init__(self, slices: Sequence[Slice]) -> None:
        self._slices = slices
        self.spent: Counter[str] = Counter()
        """Processor seconds of the workers by stage, once there is a result."""
        self.notes = Notes()
        """What of the events must be looked at, once there is a result."""

    def result(self) -> tuple[Sequence[Record], list[list[Hit]]]:
        """Wait for the workers; return records and hits in the order of the entries, or raise `SliceError`."""
        answers: list[Answer] = []
        for each in self._slices:
            each.is_done.wait()
            if each.answer is None:
                raise SliceError(each.fault or "the workers were stopped", is_deadly=each.lives <= 0)
            answers.append(each.answer)
            self.spent.update(each.answer.spent)
        records, hits, self.notes = results(answers)
        return records, hits


class Hands(Protocol):
    """Takes batches to judge: a crew, or a share of one."""

    def begin(self, entries: Sequence[Entry]) -> Ticket:
        """Hand out entries; the result waits in the ticket."""
        ...

    def close(self) -> None:
        """Need them no more."""
        ...


class Crew:
    """Worker processes with one set of rules. `begin` and `close` may be called by any thread."""

    def __init__(
        self,
        workers: int,
        rules: Sequence[Path],
        cache: Path | None = None,
        *,
        watched: Sequence[Path] = (),
        fingerprint: str = "",
        pipelines: Sequence[str] = (),
        placeholders: Path | None = None,
        in_columns: bool = False,
        explains_all: bool = False,
    ) -> None:
        """Start `workers` processes and wait until all have their rules; raise `UnavailableError` where one cannot.

        `cache` is the folder of compiled rules; `fingerprint` is that of the `watched` files as the server read them;
        `pipelines` and `placeholders` are what `read_ready` takes, `explains_all` what `Engine` does. With `in_columns`
        records come back as `Packed`.
        """
        paths = [str(path.absolute()) for path in rules]
        folder, values = (str(path.absolute()) if path else "" for path in (cache, placeholders))
        files = [str(path.absolute()) for path in watched]
        self._start = pack(Start(paths, folder, files, fingerprint, list(pipelines), values, in_columns, explains_all))
        self._slices: queue.SimpleQueue[Slice | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self.replaced = 0
        """Workers that ended by themselves, or were ended, and were replaced."""
        self.pids: list[int] = [0] * workers
        """Of the processes; what has died is replaced in its place."""
        started: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._keep, args=(place, started), name=f"crew-{place}", daemon=True)
            for place in range(workers)
        ]
        for thread in self._threads:
            thread.start()
        faults = [fault for _ in self._threads if (fault := started.get())]
        if faults:
            self.close()
            raise UnavailableError(f"a worker of the pipeline cannot start: {faults[0]}")

    def begin(self, entries: Sequence[Entry]) -> Ticket:
        """Hand out entries; the result waits in the ticket."""
        parts = [entries[first : first + SLICE_EVENTS] for first in range(0, len(entries), SLICE_EVENTS)]
        slices = [Slice(pack_lines(part)) for part in parts]
        for each in slices:
            self._slices.put(each)
        if self._stopped.is_set():
            self._give_up()
        return Ticket(slices)

    def close(self) -> None:
        """End the workers; slices that wait are given up."""
        self._stopped.set()
        for _ in self._threads:
            self._slices.put(None)
        for thread in self._threads:
            thread.join(timeout=10)
        self._give_up()

    def _give_up(self) -> None:
        """Let nobody wait for what no worker will do."""
        try:
            while True:
                if (left := self._slices.get_nowait()) is not None:
                    left.is_done.set()
        except queue.Empty:
            return

    def _keep(self, place: int, started: "queue.SimpleQueue[str]") -> None:
        """Keep one worker at work, in a thread: a process with the same rules takes the place of one that dies."""
        worker, fault = self._hire(place)
        started.put(fault)
        try:
            while (one := self._slices.get()) is not None and not self._stopped.is_set():
                while not one.is_done.is_set():
                    starts = LIVES
                    while worker is None and starts > 0:
                        worker, fault = self._hire(place)
                        starts = starts - 1 if fault == ENDED else 0
                    if worker is None:
                        # Nothing may wait for rules that are being replaced: the pipeline does it itself.
                        one.fault = f"a worker cannot start: {fault}"
                        one.is_done.set()
                    elif not self._do(worker, one):
                        self.replaced += 1
                        log.warning("A worker of the pipeline has died; another takes over.", extra={"pid": worker.pid})
                        worker.end()
                        worker = None
        finally:
            if worker is not None:
                worker.end()

    def _hire(self, place: int) -> "tuple[Worker | None, str]":
        """Return a worker that has its rules, or why there is none."""
        worker = Worker()
        self.pids[place] = worker.pid
        fault = worker.prepare(self._start)
        if fault:
            worker.end()
            return None, fault
        return worker, ""

    def _do(self, worker: "Worker", one: Slice) -> bool:
        """Have a slice judged; return whether the worker is alive."""
        answer = worker.ask(one.frame, SLICE_SECONDS)
        if isinstance(answer, Answer):
            one.answer, one.frame = answer, b""
        elif isinstance(answer, Failed):
            one.fault = answer.reason
        else:
            one.lives -= 1
            if one.lives > 0 and not self._stopped.is_set():
                return False
            one.fault = f"{LIVES} workers ended while they judged it"
        one.is_done.set()
        return answer is not None


class Worker:
    """One process and the ways to it."""

    def __init__(self) -> None:
        paths = [str(_PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._files = (os.memfd_create("sentinel-questions"), os.memfd_create("sentinel-answers"))
        questions, answers = self._files
        self._process = subprocess.Popen(  # noqa: S603 - a fixed command of this package
            [*_COMMAND, str(questions), str(answers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=self._files,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self.pid = self._process.pid
        if self._process.stdout is None or self._process.stdin is None:
            raise UnavailableError("a worker of the pipeline has no pipes")
        self._channel = Channel(self._process.stdout, self._process.stdin, answers, questions)

    def prepare(self, start: bytes) -> str:
        """Give it its rules; return why it cannot work, nothing where it can."""
        answer = self.ask(start, START_SECONDS)
        if isinstance(answer, Ready):
            return ""
        return answer.reason if isinstance(answer, Failed) else ENDED

    def ask(self, frame: bytes, seconds: float) -> Message | None:
        """Return the answer to a frame; None where it died, or was ended because it took too long."""
        alarm = threading.Timer(seconds, self._process.kill)
        alarm.daemon = True
        alarm.start()
        try:
            self._channel.send(frame)
            reply = self._channel.receive()
        except OSError:
            return None
        finally:
            alarm.cancel()
        return None if reply is None else unpack(reply)

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    # What was not read any more cannot be flushed.
                    continue
        self._process.wait()
        for file in self._files:
            os.close(file)
