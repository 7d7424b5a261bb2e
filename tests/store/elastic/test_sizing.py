"""The size of requests follows what the server can do, within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from sentinel.store.elastic.sizing import FIRST_BYTES, LARGEST_BYTES, SMALLEST_BYTES, BatchSize


def test_it_grows_while_full_requests_are_answered_quickly() -> None:
    size = BatchSize()
    for _ in range(50):
        size.answered(size.bytes, 0.1)
    assert size.bytes == LARGEST_BYTES


def test_small_requests_teach_nothing_about_larger_ones() -> None:
    size = BatchSize()
    for _ in range(50):
        size.answered(1_000, 0.001)
    assert size.bytes == FIRST_BYTES


def test_it_shrinks_when_answers_are_slow_or_refused() -> None:
    slow, refused = BatchSize(), BatchSize()
    slow.answered(slow.bytes, 20.0)
    refused.pushed_back()
    assert slow.bytes == refused.bytes == FIRST_BYTES // 2


def test_it_never_grows_again_to_what_was_too_large() -> None:
    size = BatchSize()
    size.too_large(1_000_000)
    for _ in range(50):
        size.answered(size.bytes, 0.1)
    assert size.bytes == 500_000


@given(
    st.lists(st.tuples(st.sampled_from(["answered", "pushed", "large"]), st.integers(0, 200_000_000), st.floats(0, 99)))
)
def test_it_stays_within_bounds(steps: list[tuple[str, int, float]]) -> None:
    size = BatchSize()
    for what, sent, seconds in steps:
        if what == "answered":
            size.answered(sent, seconds)
        elif what == "pushed":
            size.pushed_back()
        else:
            size.too_large(sent)
        assert SMALLEST_BYTES <= size.bytes <= LARGEST_BYTES
