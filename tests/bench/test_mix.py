"""The lines that benchmarks send are ones that the server can read."""

import random
from datetime import UTC, datetime
from itertools import islice

import pytest

from bench.whole_path.mix import CITY, MIXES, sources
from sentinel.event import Event
from sentinel.normalise import normalise

OWN = sorted(set(CITY) - {"windows.evtx"})
"""Made of what the repository holds; the others are real events from elsewhere."""


@pytest.mark.parametrize("dataset", OWN)
def test_every_line_of_a_mix_is_read_and_they_vary(dataset: str) -> None:
    lines = list(islice(sources(random.Random(1))[dataset](), 200))
    for number, raw in enumerate(lines):
        event = Event(
            collector="c", epoch="aaaaaaaa", sequence=number + 1, dataset=dataset, host="h",
            seen_at=datetime(2026, 11, 23, 8, tzinfo=UTC), raw=raw,
        )  # fmt: skip
        record = normalise(event, agency="city", received_at="2026-11-23T08:00:00.000000Z")
        assert record.fields["event.kind"] == "event", record.fields.get("error.message")
    assert len(set(lines)) == len(lines)


def test_shares_are_of_a_hundred() -> None:
    assert {sum(shares.values()) for shares in MIXES.values()} == {100}
