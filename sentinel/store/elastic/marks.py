"""How far each part of the journal has come, and which stretch of it may be stored already, in the SQL database."""

import os
import secrets
import socket
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from sentinel.database.connect import reading
from sentinel.database.dialect import insert_new
from sentinel.database.storage_tables import intents, mark_changes, marks
from sentinel.errors import ConflictError
from sentinel.model.moment import now, to_text
from sentinel.store import Mark

MAX_OWNER_CHARACTERS = 64
THREAD_CHARACTERS = 11


@dataclass(frozen=True, slots=True)
class Held:
    """A mark as somebody saw it. Only who saw it as it still is may move it."""

    partition: int
    position: int
    owner: str
    """Who moved it last; empty while nobody has."""
    doubt: int = 0
    """What lies before this position and after the mark may be stored already; not beyond the mark: nothing may."""
    streams: frozenset[str] = frozenset()
    """Data streams that may hold what is in doubt."""

    @property
    def is_in_doubt(self) -> bool:
        """Return whether the next records may be stored already."""
        return self.doubt > self.position


class Marks:
    """Moves marks by compare-and-swap, so that a worker that lost its part of the journal cannot move its mark."""

    def __init__(self, database: Engine, owner: str = "", clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._process = _me()

    @property
    def owner(self) -> str:
        """Return who moves marks here: this thread, unless another name was given.

        Not the process: a thread that was left behind must not pass for the one that took over from it.
        """
        return self._owner or f"{self._process}:{threading.get_native_id()}"

    def read(self, partition: int) -> tuple[Mark, Held]:
        """Return the mark, and the token with which it may be moved."""
        with reading(self._database) as connection:
            mark = connection.execute(select(marks).where(marks.c.partition == partition)).one_or_none()
            intent = connection.execute(select(intents).where(intents.c.partition == partition)).one_or_none()
            changes = connection.execute(
                select(mark_changes.c.detection_state)
                .where(mark_changes.c.partition == partition)
                .order_by(mark_changes.c.number)
            ).scalars()
            behind = b"".join(changes)
        doubt = intent.next if intent is not None else 0
        streams = frozenset(intent.streams) if intent is not None else frozenset()
        if mark is None:
            return Mark(0, b"", partition, doubt), Held(partition, 0, "", doubt, streams)
        return (
            Mark(mark.position, mark.detection_state + behind, partition, doubt),
            Held(partition, mark.position, mark.owner, doubt, streams),
        )

    def position(self, partition: int) -> int:
        """Return the position of the mark; 0 where there is none yet."""
        with reading(self._database) as connection:
            found = connection.execute(select(marks.c.position).where(marks.c.partition == partition)).scalar()
        return found or 0

    def intend(self, held: Held, upto: int, streams: Collection[str]) -> Held:
        """Write down that records before `upto` are about to be sent; from here on they may be stored.

        Takes the mark over from whoever moved it last. Raises `ConflictError` when it is not as `held` says any more.
        """
        after = Held(
            held.partition, held.position, self.owner, max(held.doubt, upto, held.position + 1),
            held.streams | frozenset(streams),
        )  # fmt: skip
        with self._database.begin() as connection:
            self._swap(connection, held, {})
            self._doubt(connection, after)
        return after

    def move(self, held: Held, mark: Mark) -> Held:
        """Move the mark, and close the intent it has passed, both or neither; raise `ConflictError` as `intend` does.

        A mark that moves back leaves in doubt what lies behind it.
        """
        doubt = max(held.doubt, held.position) if mark.position < held.position else held.doubt
        after = Held(held.partition, mark.position, self.owner, doubt, held.streams)
        with self._database.begin() as connection:
            state = {} if mark.follows else {"detection_state": mark.detection_state}
            self._swap(connection, held, {"position": mark.position, **state})
            _put_behind(connection, mark)
            if after.is_in_doubt:
                self._doubt(connection, after)
                return after
            connection.execute(delete(intents).where(intents.c.partition == held.partition))
        return Held(held.partition, mark.position, self.owner)

    def check(self, held: Held) -> None:
        """Raise `ConflictError` when another worker has taken the mark over."""
        with reading(self._database) as connection:
            seen = connection.execute(
                select(marks.c.position, marks.c.owner).where(marks.c.partition == held.partition)
            ).one_or_none()
        if seen is None or (seen.position, seen.owner) != (held.position, held.owner):
            raise _lost(held)

    def _swap(self, connection: Connection, held: Held, changes: dict[str, object]) -> None:
        at = to_text(self._clock())
        if not held.owner:
            first = {"partition": held.partition, "position": 0, "detection_state": b"", "owner": "", "changed_at": at}
            insert_new(connection, marks, [first])
        done = connection.execute(
            update(marks)
            .where(marks.c.partition == held.partition, marks.c.position == held.position, marks.c.owner == held.owner)
            .values(owner=self.owner, changed_at=at, **changes)
        )
        # Whoever still had it may have sent more since it was read: that is in doubt too, and must be known.
        intent = connection.execute(select(intents.c.next).where(intents.c.partition == held.partition)).scalar()
        if done.rowcount != 1 or (intent or 0) != held.doubt:
            raise _lost(held)

    def _doubt(self, connection: Connection, held: Held) -> None:
        connection.execute(delete(intents).where(intents.c.partition == held.partition))
        row = {
            "partition": held.partition, "first": held.position, "next": held.doubt, "streams": sorted(held.streams),
            "owner": self.owner, "at": to_text(self._clock()),
        }  # fmt: skip
        connection.execute(insert(intents), [row])


def _put_behind(connection: Connection, mark: Mark) -> None:
    """Put what follows behind the state of the mark before; behind a whole one is nothing."""
    of_part = mark_changes.c.partition == mark.partition
    if not mark.follows:
        connection.execute(delete(mark_changes).where(of_part))
        return
    last = connection.execute(select(func.max(mark_changes.c.number)).where(of_part)).scalar() or 0
    row = {"partition": mark.partition, "number": last + 1, "detection_state": mark.detection_state}
    connection.execute(insert(mark_changes), [row])


def _lost(held: Held) -> ConflictError:
    return ConflictError(
        f"the mark of part {held.partition} of the journal is not at {held.position} any more: another worker has "
        "taken this part over; read the mark again before going on"
    )


def _me() -> str:
    """Return a name that no other process has or will have."""
    tail = f":{os.getpid()}:{secrets.token_hex(8)}"
    return socket.gethostname()[: MAX_OWNER_CHARACTERS - len(tail) - THREAD_CHARACTERS] + tail
