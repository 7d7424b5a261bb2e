"""A broken rule is named and left out; the others work."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.detect.documents import parse_documents
from sentinel.detect.load import load_rules
from sentinel.errors import InputError
from sentinel.model.match import Level
from tests.detect.conftest import Load

GOOD = """
title: Good
id: 11111111-1111-4111-8111-111111111111
logsource: {product: test}
detection: {sel: {A: 1}, condition: sel}
level: high
tags: [attack.t1110]
falsepositives: [Tests]
sentinel: {title-vi: Tốt, description-vi: Mô tả, group-by: [source.ip]}
"""
FAULTS = {
    "not yaml": ("title: [", "not YAML"),
    "a key twice": ("title: x\ntitle: y", "given twice"),
    "a list": ("- a", "expected a map"),
    "no detection": ("title: x\nlogsource: {product: test}", "detection"),
    "no title": ("logsource: {product: test}\ndetection: {s: {A: 1}, condition: s}", "title"),
    "no log source": ("title: x\ndetection: {s: {A: 1}, condition: s}", "log source"),
    "an unknown modifier": ("title: x\nlogsource: {product: t}\ndetection: {s: {A|like: 1}, condition: s}", "like"),
    "an unknown selection": ("title: x\nlogsource: {product: t}\ndetection: {s: {A: 1}, condition: z}", "'z'"),
    "a selector for nothing": (
        "title: x\nlogsource: {product: t}\ndetection: {s: {A: 1}, condition: 1 of z_*}",
        "fits none",
    ),
    "an aggregation": (
        "title: x\nlogsource: {product: t}\ndetection: {s: {A: 1}, condition: s | count() > 5}",
        "deprecated",
    ),
    "an empty placeholder": (
        "title: x\nlogsource: {product: t}\ndetection: {s: {A|expand: '%admins%'}, condition: s}",
        "%admins%",
    ),
    "a wrong expression": ("title: x\nlogsource: {product: t}\ndetection: {s: {A|re: '('}, condition: s}", "egular"),
    "a wrong network": (
        "title: x\nlogsource: {product: t}\ndetection: {s: {A|cidr: 10.0.0.1/8}, condition: s}",
        "CIDR",
    ),
    "null as keyword": ("title: x\nlogsource: {product: t}\ndetection: {s: [null], condition: s}", "null"),
    "a wrong id": ("title: x\nid: 5\nlogsource: {product: t}\ndetection: {s: {A: 1}, condition: s}", ""),
    "a wrong own attribute": (
        "title: x\nlogsource: {product: t}\ndetection: {s: {A: 1}, condition: s}\nsentinel: {title_vi: x}",
        "did you mean 'title-vi'",
    ),
    "a wrong level": ("title: x\nlevel: bad\nlogsource: {product: t}\ndetection: {s: {A: 1}, condition: s}", "level"),
    "a condition that is no text": ("title: x\nlogsource: {product: t}\ndetection: {s: {A: 1}, condition: 5}", ""),
    "deep nesting": ("title: " + "[" * 50_000, "nested"),
    "deep indents": ("title:\n" + "- " * 5_000 + "x", "nested"),
    "a bomb of aliases": (
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "\n".join(
            f"{new}: &{new} [{', '.join(['*' + old] * 10)}]" for old, new in zip("abcdefg", "bcdefgh", strict=True)
        ),
        "more than",
    ),
    "a date that is none": ("title: x\ndate: 2026-13-45", ""),
}


def test_a_rule_keeps_what_people_need_to_know(load: Load) -> None:
    rule_set = load(GOOD)
    info = rule_set.rules[0].info
    assert not rule_set.faults
    assert (info.title, info.title_vi, info.level, info.tags) == ("Good", "Tốt", Level.HIGH, ("attack.t1110",))
    assert (info.description_vi, info.group_by, info.falsepositives) == ("Mô tả", ("source.ip",), ("Tests",))


@pytest.mark.parametrize("kind", FAULTS)
def test_a_broken_rule_is_named_and_the_rest_works(kind: str, tmp_path: Path) -> None:
    text, words = FAULTS[kind]
    (tmp_path / "a_broken.yml").write_text(text, encoding="utf-8")
    (tmp_path / "b_good.yml").write_text(GOOD, encoding="utf-8")
    rule_set = load_rules([tmp_path])
    assert [rule.info.title for rule in rule_set.rules] == ["Good"]
    assert [fault.path.name for fault in rule_set.faults] == ["a_broken.yml"]
    assert words in rule_set.faults[0].message
    assert "\n" not in rule_set.faults[0].message


def test_one_broken_document_spares_the_others_of_its_file(load: Load) -> None:
    rule_set = load(f"title: x\n---{GOOD}---\ntitle: y\ncorrelation: 5\n")
    assert [rule.info.title for rule in rule_set.rules] == ["Good"]
    assert len(rule_set.faults) == 2


def test_an_id_belongs_to_the_first_who_has_it(load: Load) -> None:
    rule_set = load(f"{GOOD}---{GOOD.replace('Good', 'Second')}")
    assert [rule.info.title for rule in rule_set.rules] == ["Good"]
    assert "new one" in rule_set.faults[0].message


def test_a_file_reached_by_two_ways_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(GOOD, encoding="utf-8")
    rule_set = load_rules([tmp_path, tmp_path / "rule.yml", tmp_path / "." / "rule.yml"])
    assert len(rule_set.rules) == 1
    assert not rule_set.faults


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_rules([tmp_path / "nowhere"])


@pytest.mark.parametrize("status", ["deprecated", "unsupported"])
def test_rules_given_up_by_their_authors_are_set_aside_by_name(status: str, load: Load) -> None:
    rule_set = load(GOOD + f"status: {status}\n")
    assert not rule_set.rules
    assert rule_set.faults[0].is_set_aside
    assert status in rule_set.faults[0].message


def test_a_global_document_completes_those_after_it(load: Load) -> None:
    rule_set = load(
        "action: global\ntitle: Shared\nlogsource: {product: test}\n---\ndetection: {s: {A: 1}, condition: s}\n"
    )
    assert [rule.info.title for rule in rule_set.rules] == ["Shared"]


def test_a_rule_without_an_id_keeps_the_same_one(load: Load) -> None:
    text = GOOD.replace("id: 11111111-1111-4111-8111-111111111111\n", "")
    assert load(text).rules[0].info.id == load(text).rules[0].info.id


WORDS = st.sampled_from(
    ["title", "id", "logsource", "detection", "condition", "product", "correlation", "rules", "type", "filter", "s",
     "A|re", "A|contains|all", "|all", "A|cidr", "timespan", "1 of them", "s and not", "action", "global", "sentinel"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.dictionaries(WORDS, VALUES, max_size=8))
def test_no_rule_can_break_the_loader(load: Load, document: dict[str, object]) -> None:
    import yaml

    load(yaml.safe_dump(document, allow_unicode=True))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("[]{}:,-&*!|>'\"#\n a1?%@"), max_size=60) | st.text(max_size=40))
def test_no_text_can_break_the_reader(text: str) -> None:
    try:
        parse_documents(text, "here")
    except InputError as error:
        assert str(error).startswith("here")
