"""The public rules and events that the lanes work on, unpacked into a folder of our own when first asked for."""

import gzip
import shutil
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path

from bench.unpack import unpack

ROOT = Path(__file__).resolve().parent.parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
STREAM = "streams/windows-security-datasets.ndjson.gz"
STREAM_INDEX = "streams/windows-security-datasets.index.json"
STREAM_EVENTS = 149_955
ALL_FOLDERS = (
    "rules",
    "rules-emerging-threats",
    "rules-threat-hunting",
    "rules-compliance",
    "rules-dfir",
    "rules-placeholder",
)
JUDGED_FOLDERS = ALL_FOLDERS[:3]
"""What the two independent engines were given."""


class Corpora:
    """The corpora below a work folder."""

    def __init__(self, work: Path, base: Path = CORPORA) -> None:
        self.work = work
        self.base = base

    @cached_property
    def sigma(self) -> Path:
        """The folder of SigmaHQ's rule folders."""
        return self._unpacked(self.base / "sigma/sigma-rules.tar.gz", self.work / "sigma")

    def rules(self, *folders: str) -> list[Path]:
        """Return rule folders of SigmaHQ by their names."""
        return [self.sigma / folder for folder in folders]

    @cached_property
    def evtx(self) -> Path:
        """The folder of the EVTX archives, each unpacked below its own name."""
        for archive in sorted((self.base / "evtx").glob("*.tar.gz")):
            self._unpacked(archive, self.work / "evtx" / archive.name)
        return self.work / "evtx"

    @cached_property
    def regression(self) -> Path:
        """The folder of SigmaHQ's own samples."""
        return self.base / "sigma/regression_data"

    @cached_property
    def stream(self) -> Path:
        """The whole stream, unpacked."""
        target = self.work / "stream.ndjson"
        if not target.exists():
            part = target.with_suffix(".part")
            with gzip.open(self.base / STREAM) as packed, part.open("wb") as plain:
                shutil.copyfileobj(packed, plain, 1 << 20)
            part.replace(target)
        return target

    def spread(self, count: int) -> Path:
        """Return a file of about `count` events taken evenly from the whole stream, or the stream itself for 0."""
        step = STREAM_EVENTS // count if count else 1
        if step <= 1 and not 0 < count < STREAM_EVENTS:
            return self.stream
        target = self.work / f"stream-{count}.ndjson"
        with target.open("wb") as out:
            out.writelines(self.spread_lines(count))
        return target

    def spread_lines(self, count: int) -> Iterator[bytes]:
        """Yield `count` lines (all for 0) taken evenly from the stream, with their line ends."""
        count = min(count or STREAM_EVENTS, STREAM_EVENTS)
        wanted = (number * STREAM_EVENTS // count for number in range(count))
        with self.stream.open("rb") as stream:
            at = -1
            for place in wanted:
                line = next(islice(stream, place - at - 1, None))
                at = place
                yield line

    @staticmethod
    def _unpacked(archive: Path, target: Path) -> Path:
        if not target.is_dir():
            unpack(archive, target)
        return target
