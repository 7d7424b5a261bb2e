"""Hostile rules and hostile events: named or judged, within bounds, and never an exception."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigma.modifiers import modifier_mapping

from sentinel.detect.backtracking import searchable_length
from sentinel.detect.compile import holds
from sentinel.detect.engine import Engine
from sentinel.detect.facts import Facts
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.event import Event
from sentinel.model.record import Record, Value
from sentinel.normalise import normalise
from sentinel.normalise.parsers import PARSERS
from tests.detect.conftest import PLAIN, START, Load, MakeRecord
from tests.detect.test_semantics import CASES

GOOD = "title: Good\nlogsource: {product: test}\ndetection: {sel: {A: 1}, condition: sel}\n"
MANY_SECONDS = 20
"""Far more than any of this takes; a hang takes for ever."""
ROOT = Path(__file__).resolve().parents[2]


def rule(detection: dict[str, Any]) -> str:
    document = {"title": "t", "logsource": {"product": "test"}, "detection": detection}
    return str(yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True))


def one(**items: Any) -> str:
    return rule({"sel": items, "condition": "sel"})


FILES: dict[str, tuple[bytes, str]] = {
    "not UTF-8": (b"title: \xff\xfe\n", "not UTF-8 at byte 7"),
    "UTF-16": (GOOD.encode("utf-16"), "not UTF-8"),
    "a lone surrogate": (b"title: \xed\xa0\x80\n", "not UTF-8"),
    "a NUL": (b"title: a\0b\n", "not YAML"),
    "too large": (b"#" * 2_000_001, "larger than"),
    "too many documents": (b"---\na: 1\n" * 1_001, "more than 1000 documents"),
    "a huge number": (b"a: " + b"9" * 5_000, "digits"),
    "a Python object": (b"a: !!python/object/apply:os.system [exit]", "not YAML"),
    "an endless anchor": (b"a: &a [*a]", "nested"),
    "maps merged by powers": (
        b"a0: &a0 {x: 1}\n"
        + b"".join(b"a%d: &a%d {<<: [%b]}\n" % (n + 1, n + 1, b",".join([b"*a%d" % n] * 9)) for n in range(30)),
        "a map of more than",
    ),
    "a map that merges without end": (b"a: &a {x: 1}\nb: {<<: [" + b"*a," * 600_000 + b"]}", "merges more than"),
    "a merge of itself": (b"a: &a {<<: *a}", "title"),
    "six dashes": (one(**{"A|windash": "-a -b -c -d -e -f"}).encode(), "dashes"),
    "a million dashes": (one(**{"A|windash": "-a " * 300_000}).encode(), "dashes"),
    "many values with many dashes": (one(**{"A|windash": ["-a -b -c -d -e"] * 50_000}).encode(), "make more than"),
    "a long unknown selection": (rule({"sel": {"A": 1}, "condition": "x" * 100_000}).encode(), "no such selection"),
    "a long unknown modifier": (one(**{"A|" + "x" * 100: 1}).encode(), "Unknown modifier"),
    "a long wrong value": (one(**{"A|cidr": "x" * 100_000}).encode(), "CIDR"),
    "an expression too long": (one(**{"A|re": "a" * 10_001}).encode(), "more than 10000"),
    "parentheses too deep": (one(**{"A|re": "(" * 4_000 + ")" * 4_000}).encode(), ""),
    "a condition too long": (rule({"sel": {"A": 1}, "condition": "sel or " * 30_000 + "sel"}).encode(), "characters"),
    "a condition too deep": (rule({"sel": {"A": 1}, "condition": "(" * 99 + "sel" + ")" * 99}).encode(), "deeper"),
    "a wrong time zone": (b"title: t\ndate: 2026-11-23T00:00:00+99:00\n", ""),
    "nothing but an action": (b"action: repeat", "before it"),
    "a map as title": (one(A=1).replace("title: t", "title: {a: b}").encode(), "itle"),
    "a list as id": ((one(A=1) + "id: [1]\n").encode(), ""),
    "a number as tag": ((one(A=1) + "tags: 5\n").encode(), ""),
    "a text as level": ((one(A=1) + "level: [high]\n").encode(), ""),
    "a list as log source": (b"title: t\nlogsource: [test]\ndetection: {sel: {A: 1}, condition: sel}", "og"),
    "a number as product": (b"title: t\nlogsource: {product: 5}\ndetection: {sel: {A: 1}, condition: sel}", "og"),
    "a text as detection": (b"title: t\nlogsource: {product: test}\ndetection: sel", ""),
    "a map as condition": (rule({"sel": {"A": 1}, "condition": {"a": "b"}}).encode(), "condition"),
    "a filter of nothing": (b"title: f\nlogsource: {product: test}\nfilter: 5", ""),
    "a correlation of nothing": (b"title: c\ncorrelation: {type: event_count, rules: [nobody]}", ""),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_hostile_file_is_named_and_the_rest_works(kind: str, tmp_path: Path) -> None:
    content, words = FILES[kind]
    (tmp_path / "bad.yml").write_bytes(content)
    (tmp_path / "good.yml").write_text(GOOD, encoding="utf-8")
    start = time.monotonic()
    rule_set = load_rules([tmp_path])
    assert time.monotonic() - start < MANY_SECONDS
    assert [each.info.title for each in rule_set.rules] == ["Good"]
    assert {fault.path.name for fault in rule_set.faults} == {"bad.yml"}
    assert all(words in fault.message and len(fault.message) < 2_000 for fault in rule_set.faults)


CATASTROPHES = [
    "(a+)+$",
    "(a|a)*b",
    "(a|aa)+$",
    "(.*)*x",
    "(a*)*b",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(x+x+)+y",
    "(?:a?){50}a{50}",
]


@pytest.mark.parametrize("expression", CATASTROPHES)
def test_an_expression_that_explodes_elsewhere_is_linear(expression: str, load: Load, record: MakeRecord) -> None:
    engine = Engine(load(one(**{"A|re": expression})), [PLAIN])
    start = time.monotonic()
    engine.match([record(A="a" * 100_000 + "!")])
    assert time.monotonic() - start < MANY_SECONDS


@pytest.mark.parametrize("expression", CATASTROPHES)
@pytest.mark.parametrize("beside", ["(?!b)", r"(q)\1", "(?<=z)", "(?=c)"])
def test_it_is_refused_where_only_backtracking_could_search_it(expression: str, beside: str) -> None:
    assert searchable_length(expression + beside) is None
    assert searchable_length(beside + expression) is None


BRANCHES = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", r"\w", "aa"]),
    lambda inner: (
        st.builds("(?:{}|{})".format, inner, inner)
        | st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2,5}", "{0,40}", "*?"]))
        | st.builds("{}{}".format, inner, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(BRANCHES, st.sampled_from(["(?!c)", "(?=a)", r"(a)\1", "(?<!c)"]), st.sampled_from(["a", "ab", "aab"]))
def test_what_is_not_refused_ends_soon(expression: str, beside: str, text: str) -> None:
    import re

    length = searchable_length(expression + beside + "!")
    if length is not None:
        start = time.monotonic()
        re.search(expression + beside + "!", (text * length)[:length])
        assert time.monotonic() - start < MANY_SECONDS


def test_ten_thousand_selections_are_one_rule(load: Load, record: MakeRecord) -> None:
    detection: dict[str, Any] = {f"sel_{number}": {f"F{number}": number} for number in range(10_000)}
    start = time.monotonic()
    some, named = (
        load(rule({**detection, "condition": condition}))
        for condition in ("1 of sel_*", " or ".join(f"sel_{number}" for number in range(10_000)))
    )
    for rule_set in (some, named):
        assert not rule_set.faults
        engine = Engine(rule_set, [PLAIN])
        assert engine.match([record(F9999=9999)])
        assert not engine.match([record(F9999=1)])
    assert time.monotonic() - start < MANY_SECONDS


def test_values_of_ten_megabytes_are_judged(every: RuleSet, record: MakeRecord) -> None:
    engine = Engine(every, [PLAIN])
    start = time.monotonic()
    for text in ("a" * 10_000_000, "đ" * 3_000_000, "\\" * 10_000_000, "-" * 10_000_000):
        engine.match([record(V=text, message=text, C=text, Line=text, Ip=text, T=text, A=text, B=text)])
    assert time.monotonic() - start < 3 * MANY_SECONDS


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    """Return the rules of all cases."""
    path = tmp_path_factory.mktemp("rules") / "rules.yml"
    texts = [rule(case["detection"]).replace("title: t", f"title: r{place}") for place, case in enumerate(CASES)]
    path.write_text("---\n".join(texts), encoding="utf-8")
    rule_set = load_rules([path])
    assert len(rule_set.rules) == len(CASES)
    return rule_set


OWN_RULES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").rglob("*.yml"))[::7]]
PIECES = st.sampled_from(
    ["\n", "  ", ": ", "- ", "[", "]", "{", "}", "|", "'", '"', "*", "&a ", "*a", "!!int ", "%x%", "\\", "null", "~",
     "9" * 30, "|re", "|all", "|windash", "|expand", "|cidr", "|fieldref", "|base64offset|contains", "1 of them",
     " not ", "\u0323", "---\n", "action: global\n", "action: repeat\n", "<<: *a\n", "2026-01-01", ".inf", "\x85",
     "\ufeff"]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return the text of a real rule with some of it cut out, doubled, or replaced."""
    text = draw(st.sampled_from(OWN_RULES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        middle = draw(PIECES | st.just("") | st.just(text[start:end] * 2) | st.text(max_size=5))
        text = text[:start] + middle + text[end:]
    return text


@settings(suppress_health_check=list(HealthCheck), max_examples=150, deadline=None)
@given(mutated())
def test_no_change_to_a_real_rule_breaks_the_loader(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rule.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    load_rules([path])


SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(
    ["", "a", "*", "?", "a*b", "\\*", "-a", "%x%", "10.0.0.0/8", "(?=a)b", "[", "đ", "\u0323", "B", "true",
     2**70, 1.5, 1e300]
)  # fmt: skip
KEYS = st.builds(
    lambda field, modifiers: "|".join([field, *modifiers]),
    st.sampled_from(["A", "B", "", "a.b"]),
    st.lists(st.sampled_from([*(name for name in modifier_mapping if "-" not in name), "utf16le", "like"]), max_size=3),
)
SELECTIONS = st.recursive(
    st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3), max_size=3) | SCALARS,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
CONDITIONS = st.sampled_from(
    ["a", "a and b", "not a", "1 of them", "all of *", "2 of them", "a or not (b and a)", "any of a*", ["a", "b"],
     "A AND b", ""]
)  # fmt: skip
VALUES = st.sampled_from(
    ["a", "-a", "A*B", "10.1.2.3", "\u1e05", "đ", "", 5, 2**70, 1.5, True, ["a", "b"], [], "\udc80"]
)


@settings(suppress_health_check=list(HealthCheck), max_examples=400, deadline=None)
@given(
    st.fixed_dictionaries({"a": SELECTIONS, "condition": CONDITIONS}, optional={"b": SELECTIONS, "_c": SELECTIONS}),
    st.dictionaries(st.sampled_from(["A", "B", "a.b", "message"]), VALUES, max_size=3),
)
def test_any_rule_is_refused_or_means_the_same_with_and_without_the_index(
    load: Load, record: MakeRecord, detection: dict[str, Any], fields: dict[str, Value]
) -> None:
    rule_set = load(rule(detection))
    assert len(rule_set.rules) + len(rule_set.faults) == 1
    for each in rule_set.rules:
        found = record(**fields)
        source = PLAIN.sources[0]
        plainly = holds(each.condition, Facts(found.fields), source.names.resolve, source.keywords)
        assert bool(Engine(rule_set, [PLAIN]).match([found])) is plainly


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.just(10**400)
    | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["Event", "System", "EventData", "EventID", "Channel", "message", "@timestamp", "winlog", "event"]
)


@settings(suppress_health_check=list(HealthCheck), max_examples=200, deadline=None)
@given(st.dictionaries(NAMES | st.text(max_size=5), JSON, max_size=5), st.sampled_from(sorted(PARSERS)))
def test_no_event_breaks_the_way_to_its_matches(every: RuleSet, body: dict[str, Any], dataset: str) -> None:
    engine = Engine(every, [PLAIN])
    event = Event(
        collector="c", epoch="e", sequence=1, dataset=dataset, host="h", seen_at=START, raw=json.dumps(body), hints={}
    )
    made = normalise(event, agency=None, received_at=None)
    engine.match([made, Record(made.id, {**made.fields, "event.dataset": "test.plain"})])
