"""The engine: order, evidence, routing, and records that try to break it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.detect.engine import Engine
from sentinel.detect.facts import Facts, fold, text_of
from sentinel.model.match import Evidence
from sentinel.model.record import Record, Value
from tests.detect.conftest import Load, MakeEngine, MakeRecord
from tests.detect.test_semantics import CASES

RULE = """
title: Suspicious
logsource: {product: test}
detection:
  selection_tool:
    Image|endswith: ['\\\\one.exe', '\\\\two.exe']
  selection_line:
    - CommandLine|contains|all: [alpha, beta]
    - Parent|re: 'p[0-9]'
  filter:
    User: system
  condition: all of selection_* and not filter
"""


def test_evidence_shows_the_values_that_made_it_fire(engine: MakeEngine, record: MakeRecord) -> None:
    found = engine(RULE).match([record(Image="C:\\Two.exe", CommandLine="x ALPHA beta", User="me")])
    assert found[0][0].evidence == (
        Evidence("selection_tool", "Image", "C:\\Two.exe", "Image|endswith: \\two.exe"),
        Evidence("selection_line", "CommandLine", "x ALPHA beta", "CommandLine|contains: alpha"),
        Evidence("selection_line", "CommandLine", "x ALPHA beta", "CommandLine|contains: beta"),
    )


def test_evidence_leaves_out_branches_that_did_not_hold(engine: MakeEngine, record: MakeRecord) -> None:
    found = engine(RULE).match([record(Image="\\one.exe", CommandLine="alpha", Parent="p7")])
    assert [each.field for each in found[0][0].evidence] == ["Image", "Parent"]
    assert found[0][0].evidence[1].pattern == "Parent|re: p[0-9]"


def test_evidence_names_the_member_of_a_list_that_matched(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine("title: t\nlogsource: {product: test}\ndetection: {s: {A|startswith: x}, condition: s}")
    assert made.match([record(A=["no", "xyz"])])[0][0].evidence[0].value == "xyz"


def test_evidence_of_a_long_value_is_cut_around_what_was_found(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine("title: t\nlogsource: {product: test}\ndetection: {s: [needle], condition: s}")
    evidence = made.match([record(message="x" * 50_000 + "NEEDLE" + "y" * 50_000)])[0][0].evidence[0]
    assert len(evidence.value) <= 1_000
    assert "NEEDLE" in evidence.value
    assert (evidence.field, evidence.pattern) == ("", "needle")


def test_matches_come_in_the_order_of_the_records(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine("title: t\nlogsource: {product: test}\ndetection: {s: {A: 1}, condition: s}")
    records = [record(9, key="late", A=1), record(0, key="no", A=2), record(1, key="early", A=1)]
    assert [(match.record_id, found.id) for match, found in made.match(records)] == [
        ("late", "late"),
        ("early", "early"),
    ]


def test_a_record_of_a_dataset_nobody_speaks_for_matches_nothing(engine: MakeEngine) -> None:
    made = engine("title: t\nlogsource: {product: test}\ndetection: {s: {A: 1}, condition: not s}")
    fields: dict[str, Value] = {"@timestamp": "2026-11-23T08:00:00.000000Z", "event.dataset": "other.thing"}
    assert made.match([Record("r", fields)]) == []
    assert not made.knows("other.thing")


SCALARS = st.text(max_size=20) | st.integers() | st.floats() | st.booleans()
FIELDS = st.dictionaries(
    st.sampled_from(["A", "B", "C", "V", "T", "Ip", "message", "Image", "Line"]),
    SCALARS | st.lists(st.text(max_size=8), max_size=3) | st.text(alphabet="\ud800\udfffaç\x00\n*?\\", max_size=8),
)


@pytest.fixture
def every_rule(load: Load) -> Engine:
    """Return an engine with every rule of the case files."""
    import yaml

    from tests.detect.conftest import PLAIN

    rules = [
        {"title": case["name"], "logsource": {"product": "test"}, "detection": case["detection"]} for case in CASES
    ]
    return Engine(load(yaml.safe_dump_all(rules, allow_unicode=True)), [PLAIN])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(FIELDS, st.text(max_size=30))
def test_no_record_can_break_the_engine(every_rule: Engine, fields: dict[str, Value], time: str) -> None:
    record = Record("r", {"@timestamp": time, "event.dataset": "test.plain", **fields})
    for match, _ in every_rule.match([record]):
        assert all(len(each.value) <= 1_000 for each in match.evidence)


@given(st.integers() | st.floats() | st.booleans() | st.text())
def test_every_value_has_a_text_that_can_be_written(value: str | float | bool) -> None:
    fold(text_of(value)).encode("utf-8")


def test_a_number_too_big_for_decimal_has_a_text() -> None:
    assert Facts({"A": 10**6_000}).folded("A")
