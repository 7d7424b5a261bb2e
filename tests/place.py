"""A journal and a store in a folder, for tests of what reads the one and writes the other."""

from datetime import UTC, datetime
from pathlib import Path

from sentinel.crew.judge import Normalise
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.match import Match
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.store.local import LocalStore
from tests.store.examples import city
from tests.survivor import CountingEngine

AT = "2026-11-23T08:00:00.000000Z"
ROOT_CAME = "Nov 23 08:00:00 web01 sshd[811]: Accepted password for root from 203.0.113.9 port 50022 ssh2"
OTHER_CAME = "Nov 23 08:00:00 web01 sshd[812]: Accepted password for an from 203.0.113.9 port 50023 ssh2"


class Place:
    """A journal and a store in a folder, and what the pipeline said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = LocalJournal(folder / "journal.db")
        self.store = LocalStore(folder / "store")
        self.matches: list[tuple[Match, Record]] = []
        self.faults: dict[tuple[str, str], tuple[int, str]] = {}

    def pipeline(self, engine: object = None, parse: Normalise = normalise, **options: object) -> Pipeline:
        options = {
            "on_matches": self.matches.extend,
            "on_faults": lambda faults, at: self.faults.update(faults),
        } | options
        return Pipeline(self.journal, self.store, engine or CountingEngine(), parse, **options)  # type: ignore[arg-type]

    def send(self, *texts: str, dataset: str = "linux.auth") -> None:
        first = self.journal.last_sequence("c1", "aaaaaaaa") + 1
        lines = [_line(text, dataset) for text in texts]
        self.journal.append(
            Batch(collector="c1", agency="city", epoch="aaaaaaaa", first=first, lines=lines, received_at=AT)
        )

    def lose_journal(self) -> None:
        """Begin with an empty journal, as after its disk was lost."""
        self.journal.close()
        for path in self.folder.glob("journal.db*"):
            path.unlink()
        self.journal = LocalJournal(self.folder / "journal.db")

    def stored(self) -> list[str]:
        return [str(each.fields["event.original"]) for each in self.store.scan(city())]

    def close(self) -> None:
        self.journal.close()
        self.store.close()


def _line(text: str, dataset: str) -> bytes:
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    event = Event(collector="", epoch="", sequence=0, dataset=dataset, host="web01", seen_at=at, raw=text)
    return encode(event)
