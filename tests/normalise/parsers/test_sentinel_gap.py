"""A gap that a collector reports is found, not overlooked."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sentinel.event import Event
from sentinel.model.record import Record
from sentinel.normalise import normalise


def gap(sentence: str) -> Record:
    event = Event(
        collector="c1",
        epoch="e1",
        sequence=4,
        dataset="sentinel.gap",
        host="h1",
        seen_at=datetime(2026, 11, 23, tzinfo=UTC),
        raw=sentence,
    )
    return normalise(event, agency="city", received_at=None)


def test_a_gap_is_an_error_with_its_sentence() -> None:
    fields = gap("3 events lost: the disk damaged them").fields
    assert fields["event.kind"] == "pipeline_error"
    assert fields["event.action"] == "events-lost"
    assert fields["error.message"] == "3 events lost: the disk damaged them"


@given(st.text(max_size=3_000))
def test_no_sentence_breaks_the_parser(sentence: str) -> None:
    assert gap(sentence).fields["event.dataset"] == "sentinel.gap"
