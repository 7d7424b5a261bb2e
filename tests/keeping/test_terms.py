"""Promises of keeping times: never below the law, whatever is set, and the error says which law."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.config import KeepSettings, Settings, load
from sentinel.errors import InputError
from sentinel.keeping.law import check, floor_days
from sentinel.keeping.terms import CLASSES, USUAL_DAYS, class_of, make
from sentinel.model.moment import from_text
from sentinel.normalise.parsers import PARSERS
from sentinel.store.expiry import Expiry, covers
from tests.database.fresh import DATABASE

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(("level", "days"), [(1, 1), (2, 31), (3, 92), (4, 184), (5, 366)])
def test_the_floors_are_those_of_the_law(level: int, days: int) -> None:
    assert floor_days(level) == days
    assert check("keep.x", days, level) == days
    if level > 1:
        with pytest.raises(InputError, match=rf"keep\.x: {days - 1} days.*level {level}.*{days} days.*Decree 331/2026"):
            check("keep.x", days - 1, level)


def test_three_months_are_never_cut_short() -> None:
    """From any day of any year the floor reaches back at least as many months as the law says."""
    for level, months in ((2, 1), (3, 3), (4, 6), (5, 12)):
        for offset in range(4 * 366):
            day = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=offset)
            year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
            last = (datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day
            assert day - timedelta(days=floor_days(level)) <= day.replace(
                year=year, month=month + 1, day=min(day.day, last)
            )


def test_what_is_not_set_is_usual_or_the_floor() -> None:
    assert make(level=3, days={}, levels={}).of("network").days == 92
    assert make(level=5, days={}, levels={}).of("network").days == 366
    assert make(level=3, days={"network": 400}, levels={}).of("network").days == 400
    assert make(level=5, days={"hunts": 1}, levels={}).of("hunts").days == 1


def test_what_sentinel_says_of_itself_is_kept_longest_and_flows_shortest() -> None:
    events = {name: USUAL_DAYS[name] for name in CLASSES}
    assert max(events, key=events.__getitem__) == "own"
    assert min(events, key=events.__getitem__) == "network"


@pytest.mark.parametrize("name", [name for name in USUAL_DAYS if name != "hunts"])
def test_no_class_goes_below_the_floor(name: str) -> None:
    with pytest.raises(InputError, match=rf"keep\.{name}_days.*TCVN 14423:2026"):
        make(level=3, days={name: 91}, levels={})


@given(
    level=st.integers(1, 5),
    levels=st.dictionaries(
        st.sampled_from(["egov.*", "egov.signing", "linux.*", "linux.auth", "network.flow"]), st.integers(1, 5)
    ),
    days=st.dictionaries(st.sampled_from(list(USUAL_DAYS)), st.integers(1, 800)),
    dataset=st.sampled_from(["egov.signing", "egov.portal", "linux.auth", "linux.syslog", "network.flow", "x.y", ""]),
)
def test_no_settings_delete_what_the_law_keeps(
    level: int, levels: dict[str, int], days: dict[str, int], dataset: str
) -> None:
    try:
        terms = make(level=level, days=days, levels=levels)
    except InputError:
        return
    cutoff = from_text(Expiry(before=terms.before(AT)).cutoff(dataset))
    special = [floor_days(each) for pattern, each in levels.items() if covers(pattern, dataset)]
    # A dataset of its own level may have a lower one than the rest, but no shorter time is given for that.
    assert AT - cutoff >= timedelta(days=max([floor_days(level), *special]))


@pytest.mark.parametrize("pattern", ["*", "", "e*gov.*", "**"])
def test_a_level_of_everything_or_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(InputError, match="names no dataset"):
        make(level=3, days={}, levels={pattern: 4})


def test_every_dataset_we_read_has_its_class() -> None:
    found = {name: class_of(name) for name in PARSERS}
    assert found["network.flow"] == "network"
    assert found["windows.*"] == "access"
    assert found["sentinel.audit"] == "own"
    assert found["nginx.error"] == "other"
    assert set(found.values()) == set(CLASSES)


def test_settings_below_the_floor_are_refused_with_the_file_and_the_law(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DATABASE, raising=False)  # looks like a setting
    (tmp_path / "sentinel.toml").write_text("[keep]\nlevel = 4\nnetwork_days = 120\n")
    with pytest.raises(InputError, match=r"sentinel\.toml: keep: .*120 days.*184 days.*Decree 331/2026"):
        load(tmp_path)
    (tmp_path / "sentinel.toml").write_text("[keep]\nlevel = 4\nnetwork_days = 190\n")
    assert load(tmp_path).keep.terms().of("network").days == 190
    assert Settings().keep == KeepSettings()
