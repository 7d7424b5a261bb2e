"""Promises of the grouping: which matches count on one alert, and what an alert keeps of a record."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.alerts.grouping import Group, bounded, place, sight
from sentinel.errors import InputError
from sentinel.model.match import Match
from sentinel.model.record import Record
from tests.alerts.examples import at, sighting


def test_alerts_of_a_rule_are_told_apart_by_host_address_and_user() -> None:
    plain = sight(*sighting("r1", source__ip="10.0.0.1")).fingerprint
    assert sight(*sighting("r2", source__ip="10.0.0.1", process__pid=7)).fingerprint == plain
    for other in (
        sighting(source__ip="10.0.0.2"),
        sighting(source__ip="10.0.0.1", host="web2"),
        sighting(source__ip="10.0.0.1", user__name="root"),
        sighting(source__ip="10.0.0.1", agency="dept-b"),
        sighting(source__ip="10.0.0.1", rule="rule-2"),
    ):
        assert sight(*other).fingerprint != plain


def test_a_rule_may_say_what_tells_its_alerts_apart() -> None:
    first = sight(*sighting(host="web1", group_by=("user.name",), user__name="lan"))
    assert first.fingerprint == sight(*sighting(host="web2", group_by=("user.name",), user__name="lan")).fingerprint
    assert first.fingerprint != sight(*sighting(host="web1", group_by=("user.name",), user__name="minh")).fingerprint


def test_a_correlation_is_told_apart_by_its_own_group() -> None:
    def fingerprint(host: str, value: str) -> str:
        return sight(*sighting(host=host, group=(("source.ip", value),))).fingerprint

    assert fingerprint("web1", "10.0.0.1") == fingerprint("web2", "10.0.0.1") != fingerprint("web1", "10.0.0.2")


def test_the_same_rule_and_record_is_the_same_match() -> None:
    assert sight(*sighting("r1")).id == sight(*sighting("r1", hours=5)).id
    assert sight(*sighting("r1")).id != sight(*sighting("r2")).id
    assert sight(*sighting("r1")).id != sight(*sighting("r1", rule="rule-2")).id


def test_a_record_that_belongs_to_no_agency_is_refused() -> None:
    match, record = sighting()
    for agency in (None, "", 7):
        fields = {**record.fields, "organization.id": agency}
        with pytest.raises(InputError, match=r"organization\.id is missing"):
            sight(match, Record("r1", {name: value for name, value in fields.items() if value is not None}))


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00.000000"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    match, record = sighting()
    with pytest.raises(InputError, match="not a time"):
        sight(Match(match.rule, "r1", text, ()), record)


def _placed(*hours: float) -> list[tuple[int, str, str]]:
    sightings = [sight(*sighting(f"r{number}", hours=hour)) for number, hour in enumerate(hours)]
    outcome = place(sightings, {sightings[0].fingerprint: Group()}, at(100))
    return [(alert.count, alert.first_at, alert.last_at) for alert in outcome.alerts.values()]


def test_a_match_joins_the_alert_that_was_last_seen_within_a_day() -> None:
    assert _placed(0, 23, 46) == [(3, at(0), at(46))]
    assert _placed(0, 24) == [(2, at(0), at(24))]
    assert _placed(0, 24.1) == [(1, at(0), at(0)), (1, at(24.1), at(24.1))]


def test_a_late_match_joins_the_nearest_alert() -> None:
    assert _placed(0, 40, 18) == [(2, at(0), at(18)), (1, at(40), at(40))]
    assert _placed(0, 40, 22) == [(1, at(0), at(0)), (2, at(22), at(40))]
    assert _placed(30, 10) == [(2, at(10), at(30))]


def test_an_alert_keeps_the_first_record_within_bounds() -> None:
    kept = bounded(
        {
            "long": "x" * 10_000,
            "list": ["y" * 1_500] * 10,
            "n": 3,
            "flag": True,
            "inf": float("inf"),
            "bad": "a\0\ud800",
        }
        | {f"field{number}": number for number in range(500)}
    )
    assert len(kept) == 200
    assert len(str(kept["long"])) == 4_000
    assert kept["list"] == ["y" * 1_500] * 2
    assert (kept["n"], kept["flag"], kept["inf"], kept["bad"]) == (3, True, "inf", "a\ufffd?")


@given(
    st.dictionaries(
        st.text(st.characters(), max_size=20),
        st.text(st.characters()) | st.integers() | st.floats() | st.booleans() | st.lists(st.text(st.characters())),
        max_size=20,
    )
)
def test_whatever_a_record_holds_can_be_kept(fields: dict[str, object]) -> None:
    json.dumps(bounded(fields), allow_nan=False, ensure_ascii=False).encode("utf-8")
