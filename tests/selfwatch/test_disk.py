"""Promises of the forecast: the day a steadily filling disk is full, and silence where nothing can be said."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.selfwatch.checks import Limits, filling
from sentinel.selfwatch.disk import FARTHEST, FILE_NAME, DiskHistory, Sample, forecast

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
GIGABYTE = 1_000_000_000


def hourly(*used: int) -> list[Sample]:
    return [Sample(START + timedelta(hours=number), bytes_) for number, bytes_ in enumerate(used)]


@given(rate=st.integers(1_000_000, 10 * GIGABYTE), hours=st.integers(6, 300), free=st.integers(0, 10**13))
def test_a_steady_rate_gives_the_day(rate: int, hours: int, free: int) -> None:
    samples = hourly(*(7 * GIGABYTE + rate * number for number in range(hours + 1)))
    at = samples[-1].at
    expected = at + timedelta(hours=free / rate)
    full_on = forecast(samples, free, at)
    if expected - at > FARTHEST:
        assert full_on is None or full_on - at > FARTHEST * 0.99
    else:
        assert full_on is not None
        assert abs(full_on - expected) <= (expected - at) * 0.001 + timedelta(seconds=1)


@pytest.mark.parametrize("samples", [[], hourly(1), hourly(1, 2, 3), hourly(*[5] * 20), hourly(*range(30, 10, -1))])
def test_where_nothing_can_be_said_nothing_is_said(samples: list[Sample]) -> None:
    assert forecast(samples, GIGABYTE, START) is None


def test_a_finding_names_the_day() -> None:
    limits = Limits(disk_days=30)
    assert list(filling(Path("/x"), None, limits, START)) == []
    assert list(filling(Path("/x"), START + timedelta(days=31), limits, START)) == []
    (found,) = filling(Path("/x"), START + timedelta(days=12, hours=12), limits, START)
    assert (found.action, found.about) == ("health.disk_filling", "/x")
    assert (found.facts["value"], found.facts["to"], found.facts["unit"]) == (12.5, "2026-12-05", "days")


def test_samples_outlive_a_restart_and_a_broken_file_begins_anew(tmp_path: Path) -> None:
    history = DiskHistory(tmp_path)
    for hours in (0, 0.5, 1, 2, 400):
        history.note(START + timedelta(hours=hours))
    kept = json.loads((tmp_path / FILE_NAME).read_text())
    assert [row[0][:13] for row in kept] == ["2026-12-10T00"], "older ones are forgotten"
    again = DiskHistory(tmp_path)
    again.note(START + timedelta(hours=401))
    assert len(json.loads((tmp_path / FILE_NAME).read_text())) == 2
    for broken in ("[", '[["x", 1]]', "{}", "[[1]]", "null"):
        (tmp_path / FILE_NAME).write_text(broken)
        assert DiskHistory(tmp_path).full_on(START) is None
