"""A file input driven by hand, for the tests of the rotation matrix."""

from datetime import UTC, datetime
from pathlib import Path

from collectors.logs.file import FileInput
from collectors.reading import GAP, Reading
from collectors.settings import FileSettings

SEEN_AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Tail:
    """A file input driven by hand, with a clock that stands still until it is moved."""

    def __init__(self, pattern: Path, start: str = "beginning") -> None:
        self.pattern = pattern
        self.start = start
        self.seconds = 1000.0
        self.cursor: str | None = None
        self.readings: list[Reading] = []
        self.input = self._open()

    def _open(self) -> FileInput:
        settings = FileSettings(name="log", path=str(self.pattern), dataset="linux.auth", start=self.start)
        tail = FileInput(settings, now=lambda: SEEN_AT, clock=lambda: self.seconds)
        tail.open(self.cursor)
        return tail

    def poll(self) -> list[str]:
        """Return the new lines; what says that something is missing goes to `gaps` only."""
        new: list[Reading] = []
        while True:
            readings, self.cursor = self.input.read(1000, 0)
            if not readings:
                break
            new += readings
        self.readings += new
        return [reading.raw for reading in new if reading.dataset != GAP]

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds

    def restart(self) -> None:
        self.input.close()
        self.input = self._open()

    @property
    def gaps(self) -> list[str]:
        return [reading.raw for reading in self.readings if reading.dataset == GAP]


def write(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text.encode() if isinstance(text, str) else text)
