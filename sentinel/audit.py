"""The audit log: who did what to what, and why; append-only, each entry sealed by the digest of the one before."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Engine, insert, select

from sentinel.database.connect import reading
from sentinel.database.dialect import serialise
from sentinel.database.tables import audit
from sentinel.database.text import fit
from sentinel.errors import ConflictError, InputError
from sentinel.model import moment
from sentinel.model.agency import Scope

Detail = Mapping[str, object]
"""Plain JSON facts of an entry."""
FIRST = "0" * 64
"""What stands for the digest before the first entry."""
MAX_TEXT_CHARACTERS = 4_000
MAX_DETAIL_CHARACTERS = 20_000
_PAGE = 1_000
_MAX_SEQUENCE = 2**31 - 1
_Body = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the audit log."""

    sequence: int
    """From 1, without gaps."""
    at: str
    actor: str
    """User name, `system`, `collector:<id>` or `sender:<id>`."""
    agency: str
    action: str
    """What was done, for example `alert.closed`."""
    object: str
    """Id of what it was done to."""
    why: str
    detail: Detail
    previous: str
    """Digest of the entry before."""
    digest: str


class Audit:
    """Writes and checks the audit log."""

    def __init__(self, engine: Engine) -> None:
        """Keep the log in the table `audit` behind `engine`."""
        self._engine = engine

    def record(
        self,
        *,
        actor: str,
        agency: str,
        action: str,
        object: str,  # noqa: A002 - the word of every audit standard
        why: str = "",
        detail: Detail | None = None,
        connection: Connection | None = None,
    ) -> int:
        """Append an entry and return its sequence; with `connection`, as part of that transaction.

        Raises `InputError` when `detail` is no plain JSON object or longer than 20,000 characters.
        """
        body: _Body = {
            "actor": fit(actor, 100),
            "agency": fit(agency, 64),
            "action": fit(action, 64),
            "object": fit(object, MAX_TEXT_CHARACTERS),
            "why": fit(why, MAX_TEXT_CHARACTERS),
            "detail": _plain(detail or {}),
        }
        with nullcontext(connection) if connection is not None else self._engine.begin() as transaction:
            serialise(transaction, audit)
            last = transaction.execute(
                select(audit.c.sequence, audit.c.digest).order_by(audit.c.sequence.desc()).limit(1)
            ).first()
            body |= {
                "sequence": last.sequence + 1 if last else 1,
                "at": moment.to_text(moment.now()),
                "previous": last.digest if last else FIRST,
            }
            transaction.execute(insert(audit).values(**body, digest=_digest(body)))
        return last.sequence + 1 if last else 1

    def entries(
        self, after: int = 0, limit: int = 100, *, scope: Scope | None = None, newest_first: bool = False
    ) -> list[Entry]:
        """Return up to `limit` entries, 1,000 at most, with a sequence above `after`.

        With `scope`, only those of its agencies; a page that people read always gives one.
        With `newest_first` they come backwards, and `after` (where not 0) is the sequence to stay below.
        """
        after = min(after, _MAX_SEQUENCE)
        query = select(audit).limit(max(0, min(limit, _PAGE)))
        if newest_first:
            query = query.order_by(audit.c.sequence.desc())
            query = query.where(audit.c.sequence < after) if after else query
        else:
            query = query.order_by(audit.c.sequence).where(audit.c.sequence > after)
        if scope is not None:
            query = query.where(audit.c.agency.in_(sorted(scope)))
        with reading(self._engine) as connection:
            return [Entry(**row._mapping) for row in connection.execute(query)]

    def head(self) -> tuple[int, str]:
        """Return sequence and digest of the last entry: noted elsewhere, it proves that no tail was cut off later."""
        last = self.entries(0, 1, newest_first=True)
        return (last[0].sequence, last[0].digest) if last else (0, FIRST)

    def verify(self, head: tuple[int, str] | None = None) -> int:
        """Check the whole chain, and that it holds `head` where one was noted; return the number of entries.

        Raises `ConflictError` naming the first entry that was changed, moved, added or taken away.
        """
        sequence, previous = 0, FIRST
        seen_head = head is None or head == (0, FIRST)
        while page := self.entries(sequence, _PAGE):
            for entry in page:
                _check(entry, sequence + 1, previous)
                sequence, previous = entry.sequence, entry.digest
                seen_head = seen_head or head == (sequence, previous)
        if not seen_head:
            raise ConflictError(f"audit log: entry {head[0] if head else 0} is not the one that was noted; it was cut")
        return sequence


def _check(entry: Entry, expected: int, previous: str) -> None:
    if entry.sequence != expected:
        raise ConflictError(f"audit log: entry {expected} is missing")
    if entry.previous != previous:
        raise ConflictError(f"audit log: entry {expected} does not follow the one before it")
    body = asdict(entry)
    if body.pop("digest") != _digest(body):
        raise ConflictError(f"audit log: entry {expected} was changed after it was written")


def _digest(body: Mapping[str, object]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _plain(detail: Detail) -> object:
    try:
        text = json.dumps(detail, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"audit log: the detail is not plain JSON: {error}") from error
    if len(text) > MAX_DETAIL_CHARACTERS:
        raise InputError(f"audit log: the detail has {len(text)} characters, more than {MAX_DETAIL_CHARACTERS}")
    return json.loads(text)
