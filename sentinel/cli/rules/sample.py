"""`sentinel rules sample`: turns lines of a log into the form that samples beside a rule have."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.rules.folders import say
from sentinel.errors import InputError


def sample(
    file: Annotated[Path, typer.Argument(help="EVTX, JSON or text log.", readable=False)],
    record: Annotated[
        list[int] | None, typer.Option(help="Line or record to take, from 1 (repeatable); else all.", min=1)
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="What wrote the file, where it cannot be told.")] = None,
    host: Annotated[str, typer.Option(help="Machine they are said to come from.")] = "sample",
) -> None:
    """Print events of a log as sample lines: redirect them to NAME.fires.ndjson or NAME.quiet.ndjson beside NAME.yml.

    Take out what is personal first: samples are kept with the rules and read by everybody.
    """
    from sentinel.cli.sources import Source
    from sentinel.event import encode
    from sentinel.model.moment import now

    wanted = set(record or ())
    if file.is_dir():
        raise InputError(f"{file} is a folder; name one file")
    source = Source(file, dataset, now())
    count = 0
    for event in source.read():
        if not wanted or event.sequence in wanted:
            own = replace(event, collector="", epoch="", host=event.host or host, hints={})
            sys.stdout.buffer.write(encode(own) + b"\n")
            wanted.discard(event.sequence)
            count += 1
    sys.stdout.flush()
    for fault in source.faults:
        say(f"broken: {fault}")
    say(f"{count} events")
    if not count or (record and wanted):
        missing = ", ".join(map(str, sorted(wanted)))
        raise InputError(f"{file} has no readable record {missing}".rstrip())
