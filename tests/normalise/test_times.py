"""Times of sources become fixed-width UTC texts, or an error that says which text was none."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.model import moment
from sentinel.normalise import times

HANOI = timezone(timedelta(hours=7))


def test_a_time_without_a_year_is_the_nearest_that_is_not_in_the_future() -> None:
    seen_at = datetime(2026, 1, 2, 0, 0, tzinfo=UTC)
    assert times.syslog("Jan  1 23:59:59", seen_at, UTC) == "2026-01-01T23:59:59.000000Z"
    assert times.syslog("Dec 31 23:59:59", seen_at, UTC) == "2025-12-31T23:59:59.000000Z"
    assert times.syslog("Mar 15 10:00:00", seen_at, UTC) == "2025-03-15T10:00:00.000000Z"


def test_a_clock_some_hours_ahead_does_not_cost_a_year() -> None:
    seen_at = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    assert times.syslog("Nov 23 10:00:00", seen_at, UTC) == "2026-11-23T10:00:00.000000Z"
    assert times.syslog("Nov 23 10:00:00", seen_at, HANOI) == "2026-11-23T03:00:00.000000Z"


def test_new_year_is_crossed_in_the_zone_of_the_source() -> None:
    seen_at = datetime(2025, 12, 31, 17, 30, tzinfo=UTC)
    assert times.syslog("Jan  1 00:29:00", seen_at, HANOI) == "2025-12-31T17:29:00.000000Z"


def test_the_29th_of_february_is_in_a_leap_year() -> None:
    assert times.syslog("Feb 29 12:00:00", datetime(2026, 11, 23, tzinfo=UTC), UTC) == "2024-02-29T12:00:00.000000Z"
    with pytest.raises(InputError, match="no"):
        times.syslog("Feb 30 12:00:00", datetime(2026, 11, 23, tzinfo=UTC), UTC)


def test_web_server_times_keep_their_offset() -> None:
    assert times.clf("23/Nov/2026:23:03:27 +0700") == "2026-11-23T16:03:27.000000Z"
    assert times.clf("23/Nov/2026:23:03:27 -0330") == "2026-11-24T02:33:27.000000Z"


@pytest.mark.parametrize("text", ["", "23/Xxx/2026:23:03:27 +0700", "99/Nov/2026:23:03:27 +0700", "x" * 26])
def test_what_is_no_web_server_time_is_named(text: str) -> None:
    with pytest.raises(InputError, match="not the time of a web server's log"):
        times.clf(text)


def test_zones_are_names_or_offsets() -> None:
    assert times.iso("2026-11-23 10:00:00", times.zone_of("+07:00")) == "2026-11-23T03:00:00.000000Z"
    with pytest.raises(InputError, match=r"event\.timezone"):
        times.zone_of("Mars/Olympus")
    with pytest.raises(InputError, match=r"event\.timezone"):
        times.zone_of("+7h")
    with pytest.raises(InputError, match=r"event\.timezone"):
        times.zone_of("")


@given(st.datetimes(timezones=st.timezones()))
def test_text_is_what_the_model_writes_or_an_error(when: datetime) -> None:
    try:
        text = times.to_text(when)
    except InputError:
        assert not times.FIRST_YEAR < when.year < times.LAST_YEAR
    else:
        assert text == moment.to_text(when)
