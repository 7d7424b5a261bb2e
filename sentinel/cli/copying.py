"""Shows on a terminal how many bytes were copied and checked, and how fast."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def copying() -> Iterator[Callable[[int], None]]:
    """Show a line until the block ends; it yields the function that takes the bytes done with."""
    if not sys.stderr.isatty():
        yield lambda _bytes: None
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TimeElapsedColumn, TransferSpeedColumn

    columns = (SpinnerColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("copy", total=None)
        yield lambda done: bar.advance(task, done)
