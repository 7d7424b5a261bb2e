"""Writes all that a search finds to a file or to standard output, a record at a time, and says how far it is."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import typer

from sentinel.errors import InputError, UnavailableError
from sentinel.model.export import FORMATS
from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.store import Store

SAY_EVERY = 10_000


def write(store: Store, asked: Search, name: str, columns: Sequence[str], output: Path | None) -> int:
    """Return how many records were written in the format; raise `InputError` for a file that is there already."""
    total = store.search(replace(asked, limit=0, offset=0, after="", top=(), histogram_buckets=0)).total
    counted = _Counted(store.scan(asked), total)
    with _opened(output) as file:
        try:
            for line in FORMATS[name][1](counted, columns):
                file.write(line)
            file.flush()
        except OSError as error:
            place = "standard output" if output is None else output
            raise UnavailableError(f"cannot write the export to {place}: {error.strerror}") from error
    return counted.count


class _Counted:
    """Records on their way, counted aloud."""

    def __init__(self, records: Iterator[Record], total: int) -> None:
        self._records = records
        self._total = total
        self.count = 0

    def __iter__(self) -> Iterator[Record]:
        for record in self._records:
            yield record
            self.count += 1
            if self.count % SAY_EVERY == 0:
                typer.echo(f"{self.count:,} of {self._total:,}", err=True)


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InputError(f"--output: {output} is there already; choose another name") from error
    except OSError as error:
        raise InputError(f"--output: cannot write {output}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        yield file
