"""`sentinel parse`: shows how the server understands a log, one ECS object per line."""

import gzip
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Annotated

import orjson
import typer

from sentinel.cli import text_lines
from sentinel.errors import InputError, UnavailableError
from sentinel.event import MAX_RAW_CHARACTERS, Event
from sentinel.model.moment import now
from sentinel.model.record import nest
from sentinel.normalise import normalise, parser_of
from sentinel.normalise.parsers import PARSERS
from sentinel.normalise.times import zone_of

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def parse(
    file: Annotated[
        Path,
        typer.Argument(help="Text log, JSON lines, either as .gz too, or .evtx; - is standard input.", readable=False),
    ],
    dataset: Annotated[str, typer.Option(help=f"What wrote it: {', '.join(PARSERS)}.")],
    timezone: Annotated[str, typer.Option(help="Zone of times that name none: Asia/Ho_Chi_Minh or +07:00.")] = "UTC",
) -> None:
    """Print each line of FILE as the nested ECS object the server makes of it; exit with 1 where one was rejected."""
    if parser_of(dataset) is None:
        raise InputError(f"there is no parser for dataset '{dataset}'; known are {', '.join(PARSERS)}")
    zone_of(timezone)
    rejected = number = 0
    for line in _handed_on(file, dataset):
        number += 1
        event = Event(
            collector="",
            epoch=str(file),
            sequence=line.number,
            dataset=line.dataset,
            host="",
            seen_at=now(),
            raw=line.text,
            hints={"log.file.path": str(file), "event.timezone": timezone, **line.hints},
        )
        record = normalise(event, agency=None, received_at=None)
        rejected += record.fields["event.kind"] == "pipeline_error"
        sys.stdout.buffer.write(orjson.dumps(nest(record.fields), option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()
    sys.stderr.write(f"{number} lines, {rejected} rejected\n")
    if rejected:
        raise SystemExit(1)


def _handed_on(file: Path, dataset: str) -> Iterator[text_lines.Line]:
    """Yield what the parser gets: lines with their columns, or the records of each audit event together."""
    lines = enumerate(_lines(file), start=1)
    if dataset != text_lines.AUDIT_EVENT:
        yield from text_lines.read(lines, dataset, is_guessed=False)
        return
    for line in text_lines.read(lines, text_lines.AUDIT, is_guessed=False):
        if line.is_joined or line.text.startswith("{") or "type=AUOMS" in line.text:
            yield line if line.is_joined else replace(line, dataset=dataset)


def _lines(file: Path) -> Iterator[str]:
    """Yield the lines, or the records of an EVTX file as JSON; raise `UnavailableError` where it cannot be read."""
    try:
        if file.suffix.lower() == ".evtx":
            yield from _evtx(file)
        elif str(file) == "-":
            yield from _text(sys.stdin.buffer)
        else:
            with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
                yield from _text(stream)
    except (OSError, EOFError) as error:
        raise UnavailableError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error


def _text(stream: "IO[bytes] | gzip.GzipFile") -> Iterator[str]:
    # One character more than allowed comes through, so that the parser says the line is too long; the rest of an
    # endless line follows as further lines instead of filling the memory.
    while line := stream.readline(MAX_RAW_CHARACTERS + 1):
        yield line.decode("utf-8", "surrogateescape").rstrip("\r\n")


def _evtx(file: Path) -> Iterator[str]:
    from evtx import PyEvtxParser

    try:
        records = iter(PyEvtxParser(str(file)).records_json())
    except RuntimeError as error:
        raise UnavailableError(f"cannot read {file}: {error}") from error
    while True:
        try:
            yield str(next(records)["data"])  # type: ignore[index]  # the stub says Any or None; it is never None
        except StopIteration:
            return
        except RuntimeError as error:
            sys.stderr.write(f"{file}: a record cannot be read: {error}\n")
