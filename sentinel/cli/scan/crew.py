"""Tasks worked on by several processes, their outcomes given back in order."""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from sentinel.cli.scan.reader import Part, Reader
from sentinel.cli.scan.task import Task, count_lines, cut, is_cut
from sentinel.errors import UnavailableError

AHEAD = 2
"""Tasks handed out beyond the number of processes; more would only fill the memory."""
_readers: list[Reader] = []
"""The reader that forked processes find here."""


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parts(reader: Reader, tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Part]]:
    """Yield what the tasks show, in their order, worked on by `jobs` processes (by this one if that is 1).

    Raises UnavailableError where a process ends before its work is done.
    """
    if jobs == 1 or (len(tasks) == 1 and not is_cut(tasks[0])):
        for task in tasks:
            yield from ((task, part) for part in reader.read(task))
        return
    _readers.append(reader)
    # Forked processes have the rules already; nothing here has started a thread.
    context = multiprocessing.get_context("fork")
    try:
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            yield from _in_order(pool, cut(tasks, lambda some: pool.map(count_lines, some), reader.dataset_of), jobs)
    except BrokenProcessPool as error:
        raise UnavailableError(
            "a process of the scan was ended from outside, as happens where memory is short; try fewer with --jobs"
        ) from error
    finally:
        _readers.clear()


def _in_order(pool: ProcessPoolExecutor, tasks: Iterable[Task], jobs: int) -> Iterator[tuple[Task, Part]]:
    waiting: deque[tuple[Task, Future[list[Part]]]] = deque()
    try:
        for task in tasks:
            waiting.append((task, pool.submit(_read, task)))
            if len(waiting) >= jobs + AHEAD:
                yield from _first(waiting)
        while waiting:
            yield from _first(waiting)
    finally:
        for _, future in waiting:
            future.cancel()


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
