"""One of the processes on a database leads: it does what must not be done twice at once."""

import threading
import time

from sqlalchemy import Connection, Engine, text

from sentinel.errors import UnavailableError

LOCK = 0x53454E54494E454C % 2**31
"""Number of the advisory lock; of no meaning but that all processes use the same."""
TRY_SECONDS = 5.0
"""Who does not lead asks so often whether nobody does."""
IDLE_SECONDS = 90
"""A leader that asks for nothing so long, stopped or cut off, is let go by the server."""


class Term:
    """One uninterrupted time of leading: what is begun in it is looked at again before each thing that it changes.

    A process that was stopped, or cut off, wakes up in the middle of its work; others have led meanwhile. It is a
    `Stop` of the stores.
    """

    def __init__(self, leader: "Leader", session: Connection | None) -> None:
        self._leader = leader
        self._session = session

    def is_set(self) -> bool:
        """Return whether it is over; raise `UnavailableError` where the database cannot be asked."""
        return self._leader.is_past(self._session)


class Leader:
    """Whether this process leads; safe for many threads.

    On PostgreSQL the leader holds an advisory lock in a session of its own, which ends with the process. On SQLite only
    one process serves a home, and leads.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._session: Connection | None = None
        self._next = 0.0

    def leads(self) -> bool:
        """Return whether this process leads now; raise `UnavailableError` where the database cannot be asked."""
        if self._engine.dialect.name != "postgresql":
            return True
        with self._lock:
            if self._session is not None:
                try:
                    self._session.execute(text("SELECT 1"))
                    return True
                except UnavailableError:
                    self._let_go()
            if time.monotonic() < self._next:
                return False
            self._next = time.monotonic() + TRY_SECONDS
            return self._try()

    def term(self) -> "Term | None":
        """Return the time for which this process leads from now on; None where another one leads.

        Raises `UnavailableError` where the database cannot be asked.
        """
        return Term(self, self._session) if self.leads() else None

    def is_past(self, session: Connection | None) -> bool:
        """Return whether the time of that session is over, though a later one may be ours again."""
        return not self.leads() or self._session is not session

    def close(self) -> None:
        """Let another one lead."""
        with self._lock:
            self._let_go()

    def _try(self) -> bool:
        session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            session.execute(text(f"SET idle_session_timeout = '{IDLE_SECONDS}s'"))
            is_ours = bool(session.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}).scalar())
        except UnavailableError:
            session.invalidate()
            session.close()
            raise
        self._session = session
        if not is_ours:
            self._let_go()
        return is_ours

    def _let_go(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            # Closed for good: back in the pool it would keep the lock.
            session.invalidate()
            session.close()
