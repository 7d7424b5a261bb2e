"""Where people look at what is in quarantine, and send it on its way again when a parser or a store can take it."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice

from sentinel.audit import Audit
from sentinel.crew.judge import OWN_DATASETS, Normalise
from sentinel.errors import InputError, RefusedError
from sentinel.event import MAX_RAW_CHARACTERS, Event, encode
from sentinel.journal import Batch, Journal
from sentinel.model.agency import Scope
from sentinel.model.moment import from_text, now, to_text
from sentinel.model.principal import Principal, Role
from sentinel.model.search import Search
from sentinel.quarantine.rows import Item, QuarantineRows, Stage, State
from sentinel.store import Store

PAGE = 500
BROKEN = "event.kind:pipeline_error"
_HINTS = ("log.file.path", "log.offset", "observer.name", "observer.ingress.interface.name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which items are meant."""

    ids: tuple[str, ...] = ()
    dataset: str = ""
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay did."""

    sent: int
    still_broken: int
    """Lines that their parser would reject again; they were left where they are."""


class QuarantineDesk:
    """The quarantine of one home: records that the store refused, and lines that no parser could read."""

    def __init__(
        self, *, rows: QuarantineRows, store: Store, journal: Journal, normalise: Normalise, audit: Audit
    ) -> None:
        self.rows = rows
        self._store = store
        self._journal = journal
        self._normalise = normalise
        self._audit = audit

    def items(self, scope: Scope, wanted: Wanted) -> Iterator[Item]:
        """Yield what waits, a page at a time: what the store refused first, then broken lines, oldest first."""
        ids = set(wanted.ids)
        for item in self.rows.waiting(scope, PAGE * 20):
            if _is_wanted(item, wanted, ids):
                yield item
        query = f'{BROKEN} AND event.dataset:"{_plain(wanted.dataset)}"' if wanted.dataset else BROKEN
        records = self._store.scan(Search(scope=scope, query=query, start=wanted.start, end=wanted.end))
        while page := list(islice(records, PAGE)):
            decided = self.rows.decided([record.id for record in page])
            for record in page:
                _, attempts = decided.get(record.id, (State.WAITING, 0))
                reason = str(record.fields.get("error.message", ""))
                at = str(record.fields.get("event.ingested", record.at))
                item = Item(record=record, stage=Stage.NORMALISE, reason=reason, at=at, attempts=attempts)
                if record.id not in decided and _is_wanted(item, wanted, ids):
                    yield item

    def replay(self, who: Principal, wanted: Wanted, dataset: str = "") -> Outcome:
        """Put what is meant into the journal again, each under a new id; lines that stay broken are left.

        `dataset` says what they really are. Killed half-way and begun again, each is stored once. Raises
        `RefusedError` unless an administrator asks, `UnavailableError` where the journal takes nothing now.
        """
        _check(who)
        sent = broken = 0
        items = self.items(who.scope, wanted)
        while page := list(islice(items, PAGE)):
            ready = [(item, event) for item in page if (event := self._event(item, dataset)) is not None]
            broken += len(page) - len(ready)
            if ready:
                self._send(ready)
                self.rows.decide([item for item, _ in ready], State.REPLAYED, now())
                sent += len(ready)
        self._note(who, "quarantine.replayed", wanted, sent=sent, still_broken=broken, dataset=dataset)
        return Outcome(sent, broken)

    def drop(self, who: Principal, wanted: Wanted, why: str) -> int:
        """Say that nothing will come of what is meant, and return how much it was; what the store has stays there."""
        _check(who)
        if not why.strip():
            raise InputError("say why these events are given up; the audit log keeps it")
        dropped = 0
        items = self.items(who.scope, wanted)
        while page := list(islice(items, PAGE)):
            self.rows.decide(page, State.DROPPED, now())
            dropped += len(page)
        self._note(who, "quarantine.dropped", wanted, why=why, dropped=dropped)
        return dropped

    def _event(self, item: Item, dataset: str) -> Event | None:
        """Return the event of an item, None where it would be broken again."""
        fields = item.record.fields
        name = dataset or item.dataset
        if name.startswith(OWN_DATASETS):
            return None
        event = Event(
            collector=str(fields.get("agent.id", "")),
            epoch="",
            sequence=0,
            dataset=name,
            host=str(fields.get("host.name", "")),
            seen_at=from_text(str(fields.get("event.created", item.record.at))),
            raw=str(fields.get("event.original", ""))[:MAX_RAW_CHARACTERS],
            hints={hint: fields[hint] for hint in _HINTS if isinstance(fields.get(hint), str | int)},  # type: ignore[misc]
            key=f"again:{item.record.id}:{item.attempts}",
        )
        if item.stage is Stage.NORMALISE:
            record = self._normalise(event, agency=item.agency, received_at=item.at)
            if record.fields.get("event.kind") == "pipeline_error":
                return None
        return event

    def _send(self, ready: Sequence[tuple[Item, Event]]) -> None:
        def whose(pair: tuple[Item, Event]) -> tuple[str, str]:
            return pair[0].agency, pair[1].collector

        for (agency, collector), group in groupby(sorted(ready, key=whose), key=whose):
            lines = [encode(replace(event, epoch="0", sequence=1)) for _, event in group]
            self._journal.append(Batch(collector, agency, secrets.token_hex(16), 1, lines, to_text(now())))

    def _note(self, who: Principal, action: str, wanted: Wanted, why: str = "", **detail: object) -> None:
        facts = {"ids": list(wanted.ids[:20]), "wanted_dataset": wanted.dataset, **detail}
        self._audit.record(actor=who.name, agency=who.agency, action=action, object="quarantine", why=why, detail=facts)


def _is_wanted(item: Item, wanted: Wanted, ids: set[str]) -> bool:
    return (
        (not ids or item.record.id in ids)
        and (not wanted.dataset or item.dataset == wanted.dataset)
        and (wanted.start is None or item.record.at >= wanted.start)
        and (wanted.end is None or item.record.at < wanted.end)
    )


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _check(who: Principal) -> None:
    if not who.role.includes(Role.ADMINISTRATOR):
        raise RefusedError("only an administrator may empty the quarantine")
