"""`python -m tests.lab.sense INTERFACE`: the collector's live capture, its readings as JSON lines until a signal."""

import json
import signal
import sys
import threading

from collectors.network.capture import CaptureInput
from collectors.settings import CaptureSettings


def main(interface: str) -> None:
    """Listen until SIGTERM or SIGINT, then end in order."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    source = CaptureInput(CaptureSettings(name="sense", interface=interface, promiscuous=True))
    source.open(None)
    _say({"dataset": "ready"})
    try:
        while not stop.is_set():
            for reading in source.read(500, 0.2)[0]:
                _say({"dataset": reading.dataset, "raw": reading.raw})
    finally:
        source.close()


def _say(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
