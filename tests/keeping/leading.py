"""A process that leads and deletes what is past its time; it waits for a line between its plan and its first deletion.

python -m tests.keeping.leading DATABASE_URL STORE_FOLDER IDLE_SECONDS
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentinel.accounts.agencies import Agencies
from sentinel.audit import Audit
from sentinel.database import leader as module
from sentinel.database.connect import connect
from sentinel.database.leader import Leader
from sentinel.errors import SentinelError
from sentinel.keeping.holds import Holds
from sentinel.keeping.keeper import Keeper
from sentinel.keeping.terms import make
from sentinel.store import Stop
from sentinel.store.expiry import Expired, Expiry
from sentinel.store.local import LocalStore

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
YEARS_LATER = NOW + timedelta(days=2000)


class Waiting(LocalStore):
    """Waits before it deletes."""

    def expire(self, expiry: Expiry, stop: Stop | None = None) -> list[Expired]:
        say("planned")
        sys.stdin.readline()
        return super().expire(expiry, stop)

    def expirable(self, expiry: Expiry) -> list[Expired]:
        """Return as much as is there; nothing is past its time is no case of this test."""
        found: Sequence[Expired] = super().expirable(expiry)
        assert found
        return list(found)


def say(text: str) -> None:
    """Tell whoever started this process."""
    print(text, flush=True)  # noqa: T201


def main(url: str, folder: str, idle_seconds: str) -> None:
    """Lead, and work once."""
    module.IDLE_SECONDS = int(idle_seconds)
    engine = connect(url)
    leader, audit = Leader(engine), Audit(engine)
    store = Waiting(Path(folder), grace=timedelta(0), clock=lambda: YEARS_LATER)
    keeper = Keeper(store, engine, audit, Holds(engine, audit, Agencies(engine)), make(level=3, days={}, levels={}))
    term = leader.term()
    assert term is not None
    try:
        gone = keeper.work(YEARS_LATER, term)
        say(f"deleted {sum(each.records for each in gone.events)} {gone.rows}")
    except SentinelError as error:
        say(f"{type(error).__name__}: {error}")
    store.close()
    leader.close()
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
