"""The index finds what the plain reading of every rule finds: for any rules, and any records."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.detect.engine import Engine
from sentinel.detect.facts import composed, fold
from sentinel.detect.index import literal, slot
from sentinel.detect.index.expression import (
    AtLeast,
    Bit,
    Expression,
    Not,
    at_least,
    bits_of,
    compiled,
    negation,
    witnesses,
)
from sentinel.detect.load import load_rules
from sentinel.detect.predicates import check_of
from sentinel.detect.values import Expression as Regex
from sentinel.model.record import Record, Value

FIELDS = ["winlog.event_data.Image", "winlog.event_data.Data", "winlog.event_id", "message", "user.name"]
RULE_FIELDS = ["Image", "Data", "EventID", "Message", "User", "Missing"]
WORDS = [
    "cmd.exe",
    "CMD.exe",
    "c:\\windows\\cmd.exe",
    "Đà Nẵng",
    "đà nẵng",
    "whoami /all",
    "4688",
    "468?",
    "1",
    "",
    "straße",
    "İstanbul",
]
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(alphabet="aAbB1*?\\.K\u212aß \n", max_size=8))
MODIFIERS = [
    "",
    "contains",
    "startswith",
    "endswith",
    "contains|all",
    "re",
    "cased",
    "contains|windash",
    "neq",
    "fieldref",
]


def detection(draw: st.DrawFn) -> dict[str, object]:
    """Draw one selection."""
    found: dict[str, object] = {}
    for _ in range(draw(st.integers(1, 3))):
        field = draw(st.sampled_from(RULE_FIELDS))
        modifier = draw(st.sampled_from(MODIFIERS))
        key = f"{field}|{modifier}" if modifier else field
        if modifier == "re":
            found[key] = draw(
                st.sampled_from(["c.*exe", "^cmd", "(?i)whoami|NẴNG", "a{2,}b", "[0-9]{2,}", "k$", "(foo|bar)?cmd"])
            )
        elif modifier == "fieldref":
            found[key] = draw(st.sampled_from(RULE_FIELDS))
        elif modifier == "neq":
            found[key] = draw(TEXTS)
        else:
            choices = st.one_of(TEXTS, st.integers(0, 5000)) if not modifier else TEXTS
            found[key] = draw(
                st.one_of(choices, st.lists(choices, min_size=1, max_size=3), *([st.none()] if not modifier else []))
            )
    return found


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, object]]:
    """Draw rules for Windows and for nothing in particular, keywords among them."""
    found: list[dict[str, object]] = []
    for number in range(draw(st.integers(1, 5))):
        parts: dict[str, object] = {"a": detection(draw), "b": detection(draw)}
        if draw(st.booleans()):
            parts["c"] = draw(st.lists(TEXTS.filter(bool), min_size=1, max_size=3))
        shapes = ["a", "not a", "a and not b", "a or b", "1 of them", "all of them", "not 1 of them"]
        parts["condition"] = draw(st.sampled_from(shapes))
        source = draw(st.sampled_from([{"product": "windows"}, {"product": "windows", "service": "security"}]))
        found.append(
            {
                "title": f"Rule {number}",
                "id": f"00000000-0000-4000-8000-{number:012}",
                "logsource": source,
                "detection": parts,
            }
        )
    return found


VALUES = st.one_of(TEXTS, st.integers(0, 5000), st.booleans(), st.floats(allow_nan=False), st.lists(TEXTS, max_size=3))
RECORDS = st.fixed_dictionaries(
    {"event.dataset": st.just("windows.security"), "winlog.channel": st.just("Security")},
    optional={name: (st.integers(0, 5000) if name == "winlog.event_id" else VALUES) for name in FIELDS},
)


@settings(max_examples=80)
@given(rules(), st.lists(RECORDS, min_size=1, max_size=6))
def test_the_index_agrees_with_the_full_scan(
    tmp_path_factory: object,
    given_rules: list[dict[str, object]],
    fields: list[dict[str, Value]],
) -> None:
    folder = Path(tmp_path_factory.mktemp("rules"))  # type: ignore[attr-defined]
    (folder / "rules.yml").write_text(yaml.safe_dump_all(given_rules, allow_unicode=True), "utf-8")
    engine = Engine(load_rules([folder]))
    records = [
        Record(str(number), {"@timestamp": "2026-01-01T00:00:00.000000Z", **each}) for number, each in enumerate(fields)
    ]
    for _ in range(2):  # the second time everything is remembered
        for record, hits in zip(records, engine.judge(records), strict=True):
            assert {hit.rule for hit in hits} == engine.full_scan(record)


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        ({"EventID": "468?"}, {"winlog.event_id": 4688}),
        ({"EventID|neq": "468?"}, {"winlog.event_id": 4688}),
        ({"EventID": ["468?", 1]}, {"winlog.event_id": 4688}),
        ({"EventID|cased": "468?"}, {"winlog.event_id": 4688}),
        ({"Data|re": "(?i)\u017fecret"}, {"winlog.event_data.Data": "a secret"}),
        ({"Data|re|i": "pa\u017fs"}, {"winlog.event_data.Data": "PASS"}),
        ({"Data|re|i": "(?=.)\u0131nk"}, {"winlog.event_data.Data": "INK"}),
    ],
)
def test_what_fits_more_than_it_seems_is_found(
    tmp_path: Path, item: dict[str, object], fields: dict[str, Value]
) -> None:
    document = {"title": "T", "logsource": {"product": "windows"}, "detection": {"a": item, "condition": "a"}}
    (tmp_path / "rule.yml").write_text(yaml.safe_dump(document))
    engine = Engine(load_rules([tmp_path]))
    record = Record("1", {"@timestamp": "", "event.dataset": "windows.security", **fields})
    assert len(engine.judge([record])[0]) == len(engine.full_scan(record)) == ("EventID|neq" not in item)


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.integers(0, 5).map(Bit),
    lambda parts: st.one_of(
        parts.map(Not),
        st.lists(parts, min_size=1, max_size=4).flatmap(
            lambda some: st.integers(1, len(some)).map(lambda count: AtLeast(count, tuple(some)))
        ),
    ),
    max_leaves=8,
)


def plainly(node: Expression | bool, bits: int) -> bool:
    """Return the verdict by the words of the definition."""
    match node:
        case bool():
            return node
        case Bit():
            return bool(bits >> node.bit & 1)
        case Not():
            return not plainly(node.part, bits)
    return sum(plainly(part, bits) for part in node.parts) >= node.count


@given(EXPRESSIONS)
def test_an_expression_means_what_it_says_and_is_always_watched(node: Expression) -> None:
    rank = {bit: bit for bit in bits_of(node)}
    watched = witnesses(node, rank)
    for bits in range(64):
        expected = plainly(node, bits)
        assert compiled(node)(bits) is expected
        if expected and watched is not None:
            assert any(bits >> bit & 1 for bit in watched)


@given(st.lists(st.one_of(st.booleans(), EXPRESSIONS), min_size=1, max_size=4), st.integers(0, 4), st.integers(0, 63))
def test_what_is_decided_beforehand_changes_no_verdict(parts: list[Expression | bool], count: int, bits: int) -> None:
    expected = sum(plainly(part, bits) for part in parts) >= count
    assert plainly(at_least(count, parts), bits) is expected
    assert plainly(negation(at_least(count, parts)), bits) is not expected


PIECES = st.sampled_from(
    [
        "ab",
        "cmd",
        r"\.exe",
        "[xy]",
        "(foo)",
        "(ba|qu)",
        "z+",
        "w*",
        "(?:lo){2}",
        ".",
        r"\d",
        "K",
        "$",
        "^",
        "[[:alpha:]]",
        "q?",
    ]
)


@given(
    st.lists(PIECES, min_size=1, max_size=5).map("".join),
    st.lists(
        st.sampled_from(["ab", "CMD", "cmd", ".exe", "x", "foo", "ba", "zz", "lolo", "7", "K", "\u212a", "q"]),
        max_size=8,
    ).map("".join),
)
def test_a_literal_of_an_expression_is_in_all_it_finds(expression: str, text: str) -> None:
    needle = literal.of_expression(Regex(expression))
    if check_of(Regex(expression)).holds(text):
        assert needle in fold(text)


def test_long_texts_are_searched_to_their_end(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(
        "title: Far\nid: 00000000-0000-4000-8000-000000000001\nlogsource: {product: windows}\n"
        "detection: {a: {Data|contains: across-the-border}, b: {Data|endswith: the-end}, c: {Data|startswith: begin},"
        " d: {Data|contains|all: [begin, the-end]}, condition: all of them}\n"
    )
    engine = Engine(load_rules([tmp_path]))
    for at in range(slot.WINDOW - 30, slot.WINDOW + 5, 5):
        text = "begin" + "x" * at + "across-the-border" + "y" * slot.WINDOW + "the-end"
        record = Record("1", {"@timestamp": "", "event.dataset": "windows.other", "winlog.event_data.Data": text})
        assert len(engine.judge([record])[0]) == 1
        assert engine.full_scan(record)


@pytest.mark.parametrize("marks", ["\u0301\u0327", "\u0f73", "\u0344\u0327"])
def test_marks_without_number_on_one_letter_cost_nothing(marks: str) -> None:
    text = composed("before e" + marks * 20_000 + " after")
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert len(text) < 500
    assert composed("e\u0301" * 20_000) == "é" * 20_000
