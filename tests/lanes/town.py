"""A small town for tests of shared work: hits of two kinds, correlations of all shapes, and messages in memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentinel.crew.judge import normalised
from sentinel.detect.correlate.hit import Hit
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.event import Event
from sentinel.journal import Entry
from sentinel.lanes.keys import families
from sentinel.lanes.relay import HitRelay
from sentinel.model.moment import to_text
from sentinel.model.record import Record
from sentinel.normalise import normalise

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RULES = """
title: Failed
name: failed
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: failure}, condition: s}
---
title: Came in
name: came_in
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: success}, condition: s}
---
title: Guessing
id: 11111111-1111-4111-8111-111111111111
name: guessing
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 1m
  condition: {gte: 3}
level: high
---
title: Guessed
id: 22222222-2222-4222-8222-222222222222
correlation:
  type: temporal_ordered
  rules: [guessing, came_in]
  group-by: [source.ip]
  timespan: 2m
  generate: true
level: critical
---
title: Many users
id: 33333333-3333-4333-8333-333333333333
correlation:
  type: value_count
  rules: [failed]
  group-by: [host.name]
  timespan: 1m
  condition: {field: user.name, gte: 3}
level: medium
"""


def rules(folder: Path) -> RuleSet:
    """Return the rules of the town."""
    (folder / "town.yml").write_text(RULES)
    found = load_rules([folder / "town.yml"])
    assert not found.faults
    return found


def line(at: datetime, address: int, user: str, *, failed: bool) -> str:
    """Return a line of sshd."""
    word = "Failed" if failed else "Accepted"
    return f"{at:%b %d %H:%M:%S} web01 sshd[811]: {word} password for {user} from 203.0.113.{address} port 50022 ssh2"


class Source:
    """One part of a journal: entries at their positions, found and relayed as a pipeline does, from any mark on."""

    def __init__(self, number: int, texts: Sequence[tuple[datetime, str]], engine: Engine) -> None:
        self.number = number
        entries = [
            Entry(place, "city", to_text(at), Event(
                collector=f"c{number}", epoch="aaaaaaaa", sequence=place + 1, dataset="linux.auth", host="web01",
                seen_at=at, raw=text,
            ))
            for place, (at, text) in enumerate(texts)
        ]  # fmt: skip
        records = normalised(normalise, entries)
        self.found: list[tuple[Entry, Record, list[Hit]]] = list(
            zip(entries, records, engine.judge(records), strict=True)
        )
        self.end = len(entries)

    def relay(self, topic: "Topic", found: RuleSet, max_bytes: int = 1_000_000) -> HitRelay:
        """Return what hands its hits on."""
        known = families(found.correlations)
        return HitRelay(self.number, topic.parts, lambda: known, topic.send, max_bytes)


class Topic:
    """Messages in memory."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self.messages: defaultdict[int, list[bytes]] = defaultdict(list)

    def send(self, messages: Sequence[tuple[int, bytes]]) -> None:
        """Keep messages in order."""
        for part, body in messages:
            self.messages[part].append(body)

    def of(self, part: int) -> Iterator[tuple[int, bytes]]:
        """Yield the messages of a part with their offsets."""
        yield from enumerate(self.messages[part])


def minutes(number: float) -> timedelta:
    """Return a length of time."""
    return timedelta(minutes=number)
