"""A progress bar on standard error with events a second; nothing where that is no terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Step = Callable[[int, int], None]
"""Takes the bytes of input done with and the events read since the last call."""


@contextmanager
def progress(total_bytes: int) -> Iterator[Step]:
    """Show a bar until the block ends; it yields the function that moves it on."""
    if not sys.stderr.isatty():
        yield lambda _bytes, _events: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        *(TextColumn("scanning"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()),
        TextColumn("{task.fields[events]:,} events, {task.fields[speed]:,}/s"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scan", total=max(total_bytes, 1), events=0, speed=0)

        def step(done: int, events: int) -> None:
            current = bar.tasks[0]
            seen = current.fields["events"] + events
            speed = int(seen / (current.elapsed or 0.001))
            bar.update(task, advance=done, events=seen, speed=speed)

        yield step
