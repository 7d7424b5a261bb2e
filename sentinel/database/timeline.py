"""Writes lines into incidents' timelines, each once, in the transaction of what they tell of."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from sentinel.database.dialect import insert_new
from sentinel.database.tables import incident_entries
from sentinel.database.text import fit

MAX_TEXT_CHARACTERS = 4_000
MAX_FACTS = 50
MAX_FACT_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line to be written."""

    incident: str
    key: str
    """Names the happening within the incident; a line of the same key is written once."""
    at: str
    kind: str
    actor: str
    code: str
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)


def write(connection: Connection, lines: Sequence[Line]) -> None:
    """Add `lines`; those whose key the incident has already change nothing."""
    insert_new(connection, incident_entries, [_row(line) for line in lines])


def _row(line: Line) -> dict[str, object]:
    facts = [
        [fit(str(name), 100), fit(str(value), MAX_FACT_CHARACTERS)]
        for name, value in list(line.facts.items())[:MAX_FACTS]
    ]
    return {
        "id": hashlib.sha256(f"{line.incident}\n{line.key}".encode("utf-8", "replace")).hexdigest(),
        "incident": line.incident,
        "at": line.at,
        "kind": fit(line.kind, 16),
        "actor": fit(line.actor, 100),
        "code": fit(line.code, 64),
        "text": fit(line.text, MAX_TEXT_CHARACTERS),
        "facts": facts,
    }
