"""The course of a scan: parts of tasks come in, in order; their hits are concluded and written."""

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from sentinel.cli.findings import Findings, Output
from sentinel.cli.progress import progress
from sentinel.cli.scan.crew import cores, parts
from sentinel.cli.scan.reader import Reader
from sentinel.cli.scan.tally import Tally
from sentinel.cli.scan.task import Task
from sentinel.detect.engine import Engine


def run(
    engine: Engine, reader: Reader, tasks: Sequence[Task], jobs: int, output: Output
) -> tuple[Findings, Tally, dict[str, int]]:
    """Write every match to standard output; return what was found, what was read, and what correlations gave up.

    `jobs` processes work on it, one for every processor if that is 0.
    """
    findings, tally = Findings(), Tally()
    reading: Path | None = None
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)  # Events come and go without cycles; looking for some costs a tenth.
    sys.stdout.buffer.write(output.head())
    with progress(sum(task.size for task in tasks)) as step:
        for task, part in parts(reader, tasks, jobs or cores()):
            if task.path != reading:
                engine.restore(b"")  # Correlations do not reach from file to file.
                reading = task.path
            for match, record in engine.conclude(part.records, part.hits):
                findings.add(task.path, match, record)
                sys.stdout.buffer.write(output.line(task.path, match, record))
            tally.join(part.tally)
            step(task.size if part.is_last else 0, part.tally.events)
    tally.close()
    sys.stdout.flush()
    return findings, tally, engine.statistics
