"""Input `capture`: network events from one interface, live, or from capture files as they appear."""

from collectors.network.listening import LiveCapture
from collectors.network.watching import WatchedCaptures
from collectors.reading import Reading
from collectors.settings import CaptureSettings
from sentinel.errors import InputError


class CaptureInput:
    """Chooses between the two by its settings: `interface` or `file`."""

    def __init__(self, settings: CaptureSettings) -> None:
        self.name = settings.name
        if bool(settings.interface) == bool(settings.file):
            raise InputError(f"input {settings.name!r}: give either 'interface' or 'file', not both and not neither")
        self._source: LiveCapture | WatchedCaptures
        if settings.interface:
            self._source = LiveCapture(settings.interface, promiscuous=settings.promiscuous)
        else:
            self._source = WatchedCaptures(settings.file)

    def open(self, cursor: str | None) -> None:
        """Begin; see `Input`. A live capture has no past to go back to and ignores `cursor`."""
        self._source.open(cursor)

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        """Return readings and the cursor after them; see `Input`."""
        return self._source.read(limit, wait_seconds)

    def close(self) -> None:
        """Release the interface or the file; safe to call twice."""
        self._source.close()

    def inspect(self, cursor: str | None) -> list[str]:
        """Return one sentence per interface or file that would be read."""
        return self._source.inspect(cursor)
