"""The query parser: any text is a tree or a clear error, and bounded."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.store.query import MAX_CHARACTERS, MAX_TERMS, MAX_WILDCARDS, parse
from sentinel.store.tree import And, Between, Everything, Exists, Free, Like, Not, Or, Pattern, Within

PIECES = st.sampled_from(
    [
        *("a", "user.name:", "process.pid:", "@timestamp:", "source.ip:", "_exists_:", "đ", "1", "\0", " ", ":"),
        *("(", ")", "[", "]", "{", "}", " TO ", " AND ", " OR ", "NOT ", "-", "+", '"', "\\", "*", "?", "/"),
        *("~", "^2", ">", "<=", "10.0.0.0/8", "2026-11-23"),
    ]
)


@settings(deadline=None)
@given(st.text() | st.lists(PIECES, max_size=25).map("".join))
@example("(" * 5000)
@example("NOT " * 2000 + "a")
@example("a:" * 4000 + "b")
@example("a OR " * 1900 + "a")
@example("-" * 9000 + "a")
@example("x:[" + "1" * 400 + " TO 2]")
@example("@timestamp:9999")
@example("@timestamp:0001-01-01")
@example("@timestamp:[* TO 9999-12-31]")
@example('@timestamp:"9999-12-31T23:59:59-14:00"')
def test_no_text_can_break_the_parser(query: str) -> None:
    try:
        parse(query)
    except InputError as error:
        assert len(str(error)) < 400


@pytest.mark.parametrize("query", ["", "  ", "*", "*:*"])
def test_an_empty_query_is_everything(query: str) -> None:
    assert parse(query) == Everything()


def test_terms_beside_each_other_must_all_hold() -> None:
    assert parse("a b") == And((Free(Pattern(("a",))), Free(Pattern(("b",)))))
    assert parse("a OR b") == Or((Free(Pattern(("a",))), Free(Pattern(("b",)))))
    assert parse("-a") == Not(Free(Pattern(("a",))))


def test_wildcards_count_outside_quotes_and_without_a_backslash_only() -> None:
    assert parse("user.name:a*b") == Like("user.name", Pattern(("a", "*", "b")))
    assert parse('user.name:"a*b"') == Like("user.name", Pattern(("a*b",)))
    assert parse(r"user.name:a\*b") == Like("user.name", Pattern(("a*b",)))
    assert parse("user.name:*") == Exists("user.name")


def test_the_type_of_a_field_decides_how_a_value_is_read() -> None:
    assert parse("process.pid:7") == Between("process.pid", 7, 7, with_low=True, with_high=True)
    assert parse("source.ip:10.0.0.0/8") == Within("source.ip", "10.0.0.0", "10.255.255.255")
    assert parse("@timestamp:2026-11") == Between(
        "@timestamp", "2026-11-01T00:00:00.000000Z", "2026-12-01T00:00:00.000000Z", with_low=True, with_high=False
    )


def test_a_bound_that_is_a_whole_day_includes_or_leaves_the_whole_day() -> None:
    day, after = "2026-11-23T00:00:00.000000Z", "2026-11-24T00:00:00.000000Z"
    assert parse("@timestamp:>=2026-11-23") == Between("@timestamp", day, None, with_low=True, with_high=True)
    assert parse("@timestamp:>2026-11-23") == Between("@timestamp", after, None, with_low=True, with_high=True)
    assert parse("@timestamp:<=2026-11-23") == Between("@timestamp", None, after, with_low=True, with_high=False)
    assert parse("@timestamp:<2026-11-23") == Between("@timestamp", None, day, with_low=True, with_high=False)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("a" * (MAX_CHARACTERS + 1), "characters"),
        (" ".join("a" for _ in range(MAX_TERMS + 1)), "more than"),
        ("(" * 30 + "a" + ")" * 30, "nested"),
        ("?" * (MAX_WILDCARDS + 1), "wildcards"),
    ],
)
def test_a_query_is_bounded(query: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        parse(query)
