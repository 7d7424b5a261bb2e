"""The values between the stages keep their small promises."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.match import Level
from sentinel.model.moment import from_text, to_text
from sentinel.model.principal import Role
from sentinel.model.record import nest

moments = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, moments)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)
    assert from_text(to_text(one)) == one


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        from_text("2026-01-01T00:00:00")


def test_dotted_names_become_objects() -> None:
    assert nest({"host.name": "a", "host.ip": ["1"], "message": "m"}) == {
        "host": {"name": "a", "ip": ["1"]},
        "message": "m",
    }


def test_a_name_that_is_value_and_prefix_keeps_both() -> None:
    assert nest({"a": 1, "a.b": 2, "a.b.c": 3}) == {"a": 1, "a.b": 2, "a.b.c": 3}


@given(st.dictionaries(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join), st.integers()))
def test_nesting_loses_no_value(fields: dict[str, int]) -> None:
    def leaves(document: dict[str, object]) -> int:
        return sum(leaves(value) if isinstance(value, dict) else 1 for value in document.values())

    assert leaves(nest(fields)) == len(fields)


def test_levels_are_ranked() -> None:
    assert [level.rank for level in Level] == [0, 1, 2, 3, 4]


def test_roles_include_those_below_and_an_auditor_changes_nothing() -> None:
    assert Role.ADMINISTRATOR.includes(Role.RESPONDER)
    assert Role.RESPONDER.includes(Role.OPERATOR)
    assert not Role.OPERATOR.includes(Role.RESPONDER)
    assert not Role.AUDITOR.includes(Role.OPERATOR)
    assert not Role.RESPONDER.includes(Role.AUDITOR)
    assert Role.ADMINISTRATOR.includes(Role.AUDITOR)
