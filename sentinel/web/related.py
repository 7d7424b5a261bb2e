"""What happened around an alert: events near it in time, and the processes it descends from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sentinel.model.agency import Scope
from sentinel.model.moment import from_text, to_text
from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.store import Store

AROUND = timedelta(minutes=10)
MAX_EVENTS = 25
MAX_ANCESTORS = 8
WHO = ("source.ip", "user.name")
"""Fields that tie events of other hosts to this one."""

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a chain, as far as its record tells."""

    pid: str
    name: str
    command_line: str
    user: str
    started_at: str
    record_id: str
    """Record of its start; empty where only its child names it."""


def phrase(field: str, value: object) -> str:
    """Return the Lucene clause for exactly this value."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'{field}:"{text}"'


def around(store: Store, scope: Scope, facts: Facts) -> tuple[Record, ...]:
    """Return events of the same host, address or user within ten minutes of `facts`, oldest first."""
    clauses = [phrase("host.name", facts["host.name"])] if "host.name" in facts else []
    clauses += [phrase(name, facts[name]) for name in WHO if name in facts and not isinstance(facts[name], list)]
    at = str(facts.get("@timestamp", ""))
    if not clauses or not at:
        return ()
    middle = from_text(at)
    window = [(middle - AROUND, middle, True), (middle, middle + AROUND, False)]
    found: list[Record] = []
    for start, end, newest_first in window:
        part = store.search(
            Search(
                scope=scope,
                query=" OR ".join(clauses),
                start=to_text(start),
                end=to_text(end),
                limit=MAX_EVENTS,
                newest_first=newest_first,
            )
        )
        found += part.records
    return tuple(sorted(found, key=lambda record: (record.at, record.id)))


def lineage(store: Store, scope: Scope, facts: Facts) -> tuple[Process, ...]:
    """Return the process of `facts` with its ancestors, the eldest first; empty where nothing of it is known."""
    if "process.pid" not in facts and "process.entity_id" not in facts:
        return ()
    chain = [_process(facts, "process", "")]
    for record in _parents(facts, lambda child: _parent(store, scope, child)):
        chain.append(_process(record.fields, "process", record.id))
        facts = record.fields
    named = _process(facts, "process.parent", "")
    if named.name or named.command_line:
        chain.append(named)
    return tuple(reversed(chain)) if len(chain) > 1 or chain[0].command_line else ()


def _parents(facts: Facts, find: Callable[[Facts], Record | None]) -> Iterator[Record]:
    seen: set[str] = set()
    while len(seen) < MAX_ANCESTORS and (record := find(facts)) is not None and record.id not in seen:
        yield record
        seen.add(record.id)
        facts = record.fields


def _parent(store: Store, scope: Scope, child: Facts) -> Record | None:
    """Return the start of the parent: by its unique id where there is one, else by its pid on the same host."""
    host, at = child.get("host.name"), str(child.get("@timestamp", ""))
    if host is None or not at:
        return None
    if child.get("process.parent.entity_id"):
        which = phrase("process.entity_id", child["process.parent.entity_id"])
    elif child.get("process.parent.pid") is not None:
        which = phrase("process.pid", child["process.parent.pid"])
    else:
        return None
    query = f"{which} AND {phrase('host.name', host)} AND event.category:process AND event.type:(start OR info)"
    # The end is exclusive; a parent may have started in the very microsecond its child is stamped with.
    end = to_text(from_text(at) + timedelta(microseconds=1))
    records = store.search(Search(scope=scope, query=query, end=end, limit=1)).records
    return records[0] if records else None


def _process(facts: Facts, prefix: str, record_id: str) -> Process:
    def text(name: str) -> str:
        return str(facts.get(f"{prefix}.{name}", ""))

    return Process(
        pid=text("pid"),
        name=text("name") or text("executable"),
        command_line=text("command_line"),
        user=str(facts.get("user.name", "")) if prefix == "process" else "",
        started_at=text("start"),
        record_id=record_id,
    )
