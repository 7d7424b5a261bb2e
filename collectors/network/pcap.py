"""`sentinel-collect pcap FILE`: the events of a capture file as JSON lines, by the sensor's own code."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from collectors.network import sniff
from collectors.network.observation import Observation
from collectors.network.sensor import Sensor
from sentinel.errors import InputError

log = logging.getLogger(__name__)


def events(path: Path) -> Iterator[Observation]:
    """Yield the events of a capture file in the order they were complete.

    Raises `UnavailableError` when it cannot be read; `InputError`, after all that could be, when it is broken.
    """
    sensor = Sensor(sniff.decode_dns, place=path.name)
    fault: InputError | None = None
    try:
        for frame in sniff.read_capture(path):
            yield from sensor.see(frame)
    except InputError as error:
        fault = error
    yield from sensor.finish()
    unused = {reason: count for reason, count in sensor.counts.items() if count}
    if unused:
        log.warning("Some packets could not be used.", extra=unused)
    if fault is not None:
        raise fault


def run(path: Path, output: TextIO | None = None) -> int:
    """Write every event as one line of nested ECS to `output` (stdout); return the exit code.

    Raises what `events` does, after the events before it were written.
    """
    output = sys.stdout if output is None else output
    for event in events(path):
        output.write(json.dumps(event.to_nested(), separators=(",", ":")) + "\n")
    return 0
