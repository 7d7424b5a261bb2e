"""What an answer to one document means."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.store.elastic.outcome import Outcome, judge, read, wholesale


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (409, "version_conflict_engine_exception", Outcome.KNOWN),
        (429, "es_rejected_execution_exception", Outcome.AGAIN),
        (429, "cluster_block_exception", Outcome.AGAIN),
        (403, "cluster_block_exception", Outcome.AGAIN),
        (403, "security_exception", Outcome.AGAIN),
        (404, "index_not_found_exception", Outcome.AGAIN),
        (400, "index_closed_exception", Outcome.AGAIN),
        (400, "validation_exception", Outcome.AGAIN),
        (503, "unavailable_shards_exception", Outcome.AGAIN),
        (500, "node_closed_exception", Outcome.UNCLEAR),
        (503, "node_disconnected_exception", Outcome.UNCLEAR),
        (408, "timeout", Outcome.UNCLEAR),
        (400, "document_parsing_exception", Outcome.REJECTED),
        (400, "illegal_argument_exception", Outcome.REJECTED),
        (400, "strict_dynamic_mapping_exception", Outcome.REJECTED),
        (413, "", Outcome.REJECTED),
        (302, "", Outcome.UNCLEAR),
    ],
)
def test_a_status_and_an_error_decide(status: int, kind: str, outcome: Outcome) -> None:
    assert judge({"status": status, "error": {"type": kind, "reason": "because"}}).outcome is outcome


def test_what_is_taken_is_stored_unless_the_failure_store_has_it() -> None:
    assert judge({"status": 201}).outcome is Outcome.STORED
    assert judge({"status": 201, "failure_store": "not_applicable_or_unknown"}).outcome is Outcome.STORED
    assert judge({"status": 201, "failure_store": "used"}).outcome is Outcome.FAILURE_STORE


def test_a_reason_names_the_cause_and_is_bounded() -> None:
    cause = {"type": "number_format_exception", "reason": 'For input string: "x"'}
    error = {"type": "document_parsing_exception", "reason": "failed\nto parse", "caused_by": cause}
    reason = judge({"status": 400, "error": error}).reason
    assert "failed to parse" in reason
    assert "number_format_exception" in reason
    assert len(judge({"status": 400, "error": {"type": "a", "reason": "b" * 10_000}}).reason) <= 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON | st.fixed_dictionaries({"items": JSON}), st.integers(0, 5))
def test_no_answer_breaks_the_reader_and_silence_is_never_success(answer: Any, count: int) -> None:
    verdicts = read(answer, count)
    assert len(verdicts) == count
    items = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(items, list) or len(items) != count:
        assert all(verdict.outcome is Outcome.UNCLEAR for verdict in verdicts)


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (429, "", Outcome.AGAIN),
        (403, "cluster_block_exception", Outcome.AGAIN),
        (503, "", Outcome.UNCLEAR),
        (504, "", Outcome.UNCLEAR),
        (500, "whatever", Outcome.UNCLEAR),
    ],
)
def test_an_error_for_the_whole_request_is_never_a_rejection(status: int, kind: str, outcome: Outcome) -> None:
    assert wholesale(status, kind, "why").outcome is outcome
