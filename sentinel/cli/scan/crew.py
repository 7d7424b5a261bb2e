"""Tasks worked on by several processes, their outcomes given back in order."""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor

from sentinel.cli.scan.reader import Part, Reader
from sentinel.cli.scan.task import Task, count_lines, cut
from sentinel.errors import UnavailableError

AHEAD = 2
"""Tasks handed out beyond the number of processes; more would only fill the memory."""
_readers: list[Reader] = []
"""The reader that forked processes find here."""


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parts(reader: Reader, tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Part]]:
    """Yield what the tasks show, in their order, worked on by `jobs` processes (by this one if that is 1)."""
    if jobs == 1 or (len(tasks) == 1 and next(cut(tasks, _one_each)) is tasks[0]):
        for task in tasks:
            yield from ((task, part) for part in reader.read(task))
        return
    _readers.append(reader)
    # Forked processes have the rules already; nothing here has started a thread.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        waiting: deque[tuple[Task, Future[list[Part]]]] = deque()
        try:
            for task in cut(tasks, lambda some: pool.map(count_lines, some)):
                waiting.append((task, pool.submit(_read, task)))
                if len(waiting) >= jobs + AHEAD:
                    yield from _first(waiting)
            while waiting:
                yield from _first(waiting)
        finally:
            for _, future in waiting:
                future.cancel()
            _readers.clear()


def _first(waiting: "deque[tuple[Task, Future[list[Part]]]]") -> Iterator[tuple[Task, Part]]:
    task, future = waiting.popleft()
    try:
        found = future.result()
    except OSError as error:
        raise UnavailableError(f"a process of the scan has failed on {task.path}: {error}") from error
    yield from ((task, part) for part in found)


def _read(task: Task) -> list[Part]:
    (reader,) = _readers
    found = list(reader.read(task))
    reader.keep()
    return found


def _one_each(tasks: Sequence[Task]) -> list[int]:
    return [0] * len(tasks)
