"""What was commanded, done and is yet to be undone, on this machine's own disk; it needs no server."""

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.respond.command import Command
from collectors.respond.executor import Task
from sentinel.errors import UnavailableError

INTENDED, EXECUTED, VERIFIED, FAILED = "intended", "executed", "verified", "failed"
REFUSED, UNDONE, UNDO_FAILED = "refused", "undone", "undo_failed"
UNPROVEN = "unproven"
"""Done, but it could not be verified: reported as failed, and undone at its time all the same."""
HOLDING = (EXECUTED, VERIFIED, UNPROVEN, UNDO_FAILED)
"""States in which the machine is changed."""
KEEP = timedelta(days=7)
"""How long what is over is remembered; a command is too old after half an hour."""

_TABLES = """
CREATE TABLE IF NOT EXISTS commands (id TEXT PRIMARY KEY, effect TEXT NOT NULL, seen_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS effects (
    id TEXT PRIMARY KEY, command TEXT NOT NULL, action TEXT NOT NULL, arguments TEXT NOT NULL, state TEXT NOT NULL,
    not_after TEXT NOT NULL, undo_at TEXT, tries INTEGER NOT NULL DEFAULT 0, try_at TEXT, changed_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS effects_undo ON effects (state, undo_at);
CREATE TABLE IF NOT EXISTS reports (
    number INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, body TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One effect as the ledger knows it."""

    effect: str
    command: str
    """The command that asked for it; what becomes of the effect is reported on this one."""
    action: str
    arguments: Mapping[str, object]
    state: str
    not_after: datetime
    undo_at: datetime | None
    tries: int

    def task(self, now: datetime) -> Task:
        """Return what an executor needs."""
        return Task(effect=self.effect, action=self.action, arguments=self.arguments, undo_at=self.undo_at, now=now)


class Ledger:
    """A SQLite file; every change is on disk when the call returns. Safe for threads of one process."""

    def __init__(self, path: Path) -> None:
        """Open or make the ledger at `path`; raise `UnavailableError` where that is not possible."""
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            path.chmod(0o600)
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise UnavailableError(f"cannot keep the ledger of commands in {path}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def begin(self, command: Command, now: datetime) -> Entry | None:
        """Write down the intent and its acknowledgement; None where this command or this effect was seen before."""
        with self._transaction() as connection:
            if not self._first_time(connection, command, now):
                return None
            values = (
                *(command.effect, command.id, command.action, json.dumps(dict(command.arguments)), INTENDED),
                *(_text(command.not_after), _text(command.undo_at), _text(now)),
            )
            done = connection.execute(
                "INSERT OR IGNORE INTO effects (id, command, action, arguments, state, not_after, undo_at, changed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            if done.rowcount != 1:
                _report(connection, command.id, REFUSED, now, "this effect was asked for before, or undone already")
                return None
            _report(connection, command.id, "acknowledged", now, "")
        return self.entry(command.effect)

    def begin_undo(self, command: Command, now: datetime) -> Entry | None:
        """Write down a command to undo; None where it was seen before.

        An effect that never came here is entered as undone, so that its own command, should it come late, is refused.
        """
        with self._transaction() as connection:
            if not self._first_time(connection, command, now):
                return None
            connection.execute(
                "INSERT OR IGNORE INTO effects (id, command, action, arguments, state, not_after, changed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(command.effect, command.id, command.action, json.dumps(dict(command.arguments))),
                    *(UNDONE, _text(command.not_after), _text(now)),
                ),
            )
            _report(connection, command.id, "acknowledged", now, "")
        return self.entry(command.effect)

    def refuse(self, command: Command, reason: str, now: datetime) -> None:
        """Write down that a command was refused, once."""
        with self._transaction() as connection:
            if self._first_time(connection, command, now):
                _report(connection, command.id, REFUSED, now, reason)

    def settle(
        self,
        effect: str,
        state: str,
        now: datetime,
        detail: str,
        *,
        result: Mapping[str, object] | None = None,
        commands: tuple[str, ...],
        try_at: datetime | None = None,
        told_as: str | None = None,
    ) -> None:
        """Write down what became of an effect, with the reports that say so on `commands`, in one transaction."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE effects SET state = ?, changed_at = ?, try_at = ? WHERE id = ?",
                (state, _text(now), _text(try_at), effect),
            )
            for command in commands:
                _report(connection, command, told_as or state, now, detail, result)

    def tried(self, effect: str) -> int:
        """Count one more try and return how many there were."""
        with self._transaction() as connection:
            connection.execute("UPDATE effects SET tries = tries + 1 WHERE id = ?", (effect,))
            return int(connection.execute("SELECT tries FROM effects WHERE id = ?", (effect,)).fetchone()[0])

    def entry(self, effect: str) -> Entry:
        """Return one effect."""
        return self._select("WHERE id = ?", effect)[0]

    def interrupted(self) -> list[Entry]:
        """Return effects that were begun and never written down as done."""
        return self._select("WHERE state = ?", INTENDED)

    def unverified(self) -> list[Entry]:
        """Return effects that were done and never verified."""
        return self._select("WHERE state = ?", EXECUTED)

    def due(self, now: datetime) -> list[Entry]:
        """Return effects whose time to be undone has come, oldest first."""
        held = f"state IN ('{EXECUTED}', '{VERIFIED}', '{UNPROVEN}', '{UNDO_FAILED}')"
        wanted = f"WHERE {held} AND undo_at <= ? AND (try_at IS NULL OR try_at <= ?) ORDER BY undo_at"
        return self._select(wanted, _text(now), _text(now))

    def held_by_others(self, entry: Entry) -> bool:
        """Return whether another effect keeps the very same change in place."""
        others = self._select(
            f"WHERE action = ? AND id != ? AND state IN ('{INTENDED}', '{EXECUTED}', '{VERIFIED}', '{UNPROVEN}')",
            entry.action,
            entry.effect,
        )
        return any(other.arguments == entry.arguments for other in others)

    def reports(self, limit: int = 100) -> list[tuple[int, str, dict[str, object]]]:
        """Return the oldest reports the server has not taken yet: number, command, body."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT number, command, body FROM reports ORDER BY number LIMIT ?", (limit,)
            ).fetchall()
        return [(number, command, json.loads(body)) for number, command, body in rows]

    def taken(self, number: int) -> None:
        """Forget a report that the server has taken."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM reports WHERE number = ?", (number,))

    def forget(self, now: datetime) -> None:
        """Forget what has been over for a week."""
        before = _text(now - KEEP)
        with self._transaction() as connection:
            connection.execute("DELETE FROM commands WHERE seen_at < ?", (before,))
            over = f"'{UNDONE}', '{REFUSED}', '{FAILED}'"
            connection.execute(
                f"DELETE FROM effects WHERE changed_at < ? AND (state IN ({over})"  # noqa: S608 - constants
                f" OR (undo_at IS NULL AND state IN ('{VERIFIED}', '{UNPROVEN}')))",
                (before,),
            )

    def _first_time(self, connection: sqlite3.Connection, command: Command, now: datetime) -> bool:
        values = (command.id, command.effect, _text(now))
        done = connection.execute("INSERT OR IGNORE INTO commands (id, effect, seen_at) VALUES (?, ?, ?)", values)
        return done.rowcount == 1

    def _select(self, where: str, *values: object) -> list[Entry]:
        query = f"SELECT id, command, action, arguments, state, not_after, undo_at, tries FROM effects {where}"  # noqa: S608
        with self._lock:
            rows = self._connection.execute(query, values).fetchall()
        return [
            Entry(
                effect=row[0],
                command=row[1],
                action=row[2],
                arguments=json.loads(row[3]),
                state=row[4],
                not_after=datetime.fromisoformat(row[5]),
                undo_at=datetime.fromisoformat(row[6]) if row[6] else None,
                tries=row[7],
            )
            for row in rows
        ]

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection, self._lock, self._path)


class _Transaction:
    """All or nothing, on disk at the end."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock, path: Path) -> None:
        self._connection = connection
        self._lock = lock
        self._path = path

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            self._lock.release()
            raise self._cannot(error) from error
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        try:
            self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
        except sqlite3.Error as failed:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise self._cannot(failed) from failed
        finally:
            self._lock.release()
        if isinstance(error, sqlite3.Error):
            raise self._cannot(error) from error

    def _cannot(self, error: sqlite3.Error) -> UnavailableError:
        return UnavailableError(f"cannot write the ledger of commands {self._path}: {error}")


def _report(
    connection: sqlite3.Connection,
    command: str,
    state: str,
    now: datetime,
    detail: str,
    result: Mapping[str, object] | None = None,
) -> None:
    body = {"state": state, "at": _text(now), "detail": detail[:1_000], "result": dict(result or {})}
    connection.execute("INSERT INTO reports (command, body) VALUES (?, ?)", (command, json.dumps(body)))


def _text(moment: datetime | None) -> str | None:
    """Return fixed-width UTC text, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment is not None else None
