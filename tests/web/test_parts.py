"""The small parts of pages: bars, ranges, clocks, conditions, ancestors."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.model.collector import Collector
from sentinel.model.moment import to_text
from sentinel.model.record import Record, Value
from sentinel.model.search import Bucket
from sentinel.web import ranges
from sentinel.web.histogram import bars
from sentinel.web.moments import Clock
from sentinel.web.numbers import in_bytes, in_digits
from sentinel.web.pages.collectors import row
from sentinel.web.paging import Paging
from sentinel.web.readable import summary
from sentinel.web.related import around, lineage, phrase
from tests.web.world import OURS, THEIRS, World

AT = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
CLOCK = Clock("Asia/Ho_Chi_Minh", "vi")


@given(st.lists(st.integers(min_value=0, max_value=10**9), max_size=100))
def test_bars_fit_their_field_and_only_nothing_is_invisible(counts: list[int]) -> None:
    drawn = bars([Bucket(start=str(n), end=str(n + 1), count=count) for n, count in enumerate(counts)])
    for bar, count in zip(drawn, counts, strict=True):
        assert 0 <= bar.y <= 100
        assert bar.y + bar.height == pytest.approx(100)
        assert (bar.height > 0) == (count > 0)


def test_a_day_begins_at_midnight_of_the_place() -> None:
    assert CLOCK.local(to_text(AT)) == "24/11/2026 00:30:00"
    assert CLOCK.from_input("2026-11-24T00:30") == to_text(AT)
    assert CLOCK.typed(to_text(AT)) == "2026-11-24T00:30:00"
    assert CLOCK.local("not a time") == "not a time"


def test_numbers_are_written_as_each_language_does() -> None:
    assert in_digits(1234567, "vi") == "1.234.567"
    assert in_digits(1234567, "en") == "1,234,567"
    assert in_bytes(1536, "vi") == "1,5 kB"
    assert in_bytes(7, "en") == "7 B"


def test_ranges_count_back_from_now_or_take_what_was_typed() -> None:
    assert ranges.read("1h", "", "", CLOCK, AT).start == to_text(AT - timedelta(hours=1))
    assert ranges.read("all", "", "", CLOCK, AT) == ranges.Range("all", None, None)
    assert ranges.read("nonsense", "", "", CLOCK, AT).name == ranges.DEFAULT
    typed = ranges.read("custom", "2026-11-24T00:30", "", CLOCK, AT)
    assert typed == ranges.Range("custom", to_text(AT), None)


@given(st.text(min_size=1, max_size=60))
def test_a_typed_time_is_a_time_or_an_error_that_names_it(text: str) -> None:
    try:
        found = ranges.read("custom", text, "", CLOCK, AT).start
    except InputError as error:
        assert text[:40] in str(error)
    else:
        assert found is not None
        assert found.endswith("Z")


def test_pages_of_a_list_count_from_one() -> None:
    assert (Paging(1, 0).first, Paging(1, 0).last, Paging(1, 0).has_more) == (0, 0, False)
    assert (Paging(2, 120).first, Paging(2, 120).last, Paging(2, 120).has_more) == (51, 100, True)


def collector(seen: datetime | None = AT, *, revoked: bool = False, **status: object) -> Collector:
    return Collector(
        id="c",
        name="c",
        agency=OURS,
        host="h",
        version="1",
        enrolled_at=to_text(AT),
        last_seen_at=to_text(seen) if seen else None,
        revoked=revoked,
        can_respond=False,
        status=status,
    )


@pytest.mark.parametrize(
    ("one", "condition"),
    [
        (collector(), "fine"),
        (collector(None), "never"),
        (collector(AT - timedelta(minutes=6)), "silent"),
        (collector(drops=1), "losing"),
        (collector(drops={"file": 2, "capture": 0}), "losing"),
        (collector(spool_bytes=90, spool_limit_bytes=100), "full"),
        (collector(spool_events=1, oldest_event_at=to_text(AT - timedelta(minutes=6))), "behind"),
        (collector(revoked=True), "revoked"),
        (collector(spool_bytes="x", spool_limit_bytes=[], drops=None, oldest_event_at={}), "fine"),
        (collector(spool_bytes=float("inf"), spool_events=-4, drops=float("nan")), "fine"),
    ],
)
def test_a_collectors_condition_is_said_in_a_word(one: Collector, condition: str) -> None:
    assert row(one, (), AT).condition == condition


def test_a_phrase_is_found_as_it_is() -> None:
    assert phrase("user.name", 'a"b\\c OR *') == 'user.name:"a\\"b\\\\c OR *"'


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"message": "a  line\nof text"}, "a line of text"),
        ({"event.original": "x" * 900}, "x" * 400),
        (
            {"event.dataset": "network.flow", "source.ip": "10.0.0.1", "source.port": 0, "destination.ip": "10.0.0.2"},
            "10.0.0.1:0 → 10.0.0.2 0 B → 0 B",
        ),
        (
            {
                "event.dataset": "network.dns",
                "source.ip": "10.0.0.1",
                "dns.question.type": "A",
                "dns.question.name": "example.vn",
                "dns.answers.data": ["192.0.2.1", "192.0.2.2"],
            },
            "10.0.0.1 A example.vn → 192.0.2.1, 192.0.2.2",
        ),
        ({"event.dataset": "network.arp", "event.action": "arp_conflict"}, "arp_conflict"),
        ({}, ""),
    ],
)
def test_an_event_is_told_in_one_line(fields: dict[str, Value], said: str) -> None:
    assert summary(Record("r", fields)) == said


def test_ancestors_and_neighbours_stay_within_the_scope(world: World) -> None:
    store, things = world.services.store, world.things[OURS]
    record = store.get(things.record, frozenset({OURS}))
    assert record is not None
    names = [process.name for process in lineage(store, frozenset({OURS}), record.fields)]
    assert names == ["systemd", "php-fpm8.2", "sh"]
    assert [one.name for one in lineage(store, frozenset({THEIRS}), record.fields)] == ["php-fpm8.2", "sh"]
    near = around(store, frozenset({OURS}), record.fields)
    assert things.record in {one.id for one in near}
    assert {one.fields["organization.id"] for one in near} == {OURS}
    assert around(store, frozenset(), record.fields) == ()
