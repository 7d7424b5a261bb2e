"""Files cut into tasks for several processes: most are one task, a long file of JSON lines is several."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sentinel.cli.sources import is_json_lines

PART_BYTES = 32_000_000
"""A file of JSON lines is cut into parts of about this size."""
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Task:
    """A file, or lines in the middle of one."""

    path: Path
    is_asked_for: bool
    """Named on the command line, not found in a folder."""
    start: int = 0
    end: int | None = None
    """Byte behind the last line; None for the end of the file."""
    line: int = 0
    """Number of lines before `start`."""
    dataset: str | None = None
    """What the beginning of the file says it holds; only for parts, which do not see that beginning."""

    @property
    def size(self) -> int:
        """Bytes to read, as far as it is known."""
        try:
            return (self.path.stat().st_size if self.end is None else self.end) - self.start
        except OSError:
            return 0  # Reading it will say what is wrong.


Counts = Callable[[Sequence[Task]], Iterable[int]]
"""Numbers of lines of some tasks, counted where there is time."""
Settle = Callable[[Path], str | None]
"""What the beginning of a file says it holds; None where it does not tell."""


def whole(files: Iterable[Path], asked_for: Sequence[Path]) -> list[Task]:
    """Return a task for each file."""
    return [Task(file, file in asked_for) for file in files]


def cut(tasks: Iterable[Task], count: Counts, settle: Settle) -> Iterator[Task]:
    """Yield the tasks in order, those of long files of JSON lines cut in parts."""
    for task in tasks:
        dataset = settle(task.path) if is_cut(task) else None
        if dataset is None:
            yield task
            continue
        left = replace(task, dataset=dataset)
        try:
            parts = list(_parts(left))
            for part, lines in zip(parts, count(parts), strict=True):
                yield replace(part, line=left.line)
                left = replace(left, start=part.end or 0, line=left.line + lines)
        except OSError:
            yield left  # Who reads it says what is wrong.


def is_cut(task: Task) -> bool:
    """Return whether a task would be cut in parts, if what the file holds can be told."""
    return task.size >= 2 * PART_BYTES and is_json_lines(task.path)


def count_lines(task: Task) -> int:
    """Return the number of line ends in a task."""
    lines, left = 0, task.size
    with task.path.open("rb") as stream:
        stream.seek(task.start)
        while left > 0 and (block := stream.read(min(left, _BUFFER))):
            lines += block.count(b"\n")
            left -= len(block)
    return lines


def _parts(task: Task) -> Iterator[Task]:
    with task.path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        start = 0
        while start < size:
            end = min(start + PART_BYTES, size)
            stream.seek(end - 1)
            while (block := stream.read(_BUFFER)) and (found := block.find(b"\n")) < 0:
                end += len(block)
            end = min(end + found, size) if block else size
            yield replace(task, start=start, end=end)
            start = end
