"""`sentinel rules check`: what no event can match is a fault, what is slow a hint; sound rules get neither."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.cli.lint import lint
from sentinel.cli.lint.issue import Issue
from sentinel.cli.lint.lines import line_of
from sentinel.detect.load import load_rules

HEAD = """title: A Rule Of Some Kind
id: 33333333-3333-4333-8333-333333333333
status: test
description: Something happened.
author: Sentinel
date: 2026-11-23
level: low
tags: [attack.t1110]
"""
AUTH = "logsource: {product: linux, service: auth}\n"


def check(folder: Path, detection: str, source: str = AUTH) -> list[Issue]:
    """Return what is found in a rule with these selections and this condition, one to a line."""
    path = folder / "some_rule_of_ours.yml"
    path.write_text(HEAD + source + "detection:\n" + "".join(f"  {line}\n" for line in detection.splitlines()), "utf-8")
    rule_set = load_rules([path])
    assert not rule_set.faults
    return lint([path], rule_set, wants_samples=False, runs_sigma_cli=False)


NEVER = {
    "two values of one field": "a: {user.name: root}\nb: {user.name: admin}\ncondition: a and b",
    "all of two values": "a: {user.name|all: [root, admin]}\ncondition: a",
    "a value and a pattern": "a: {user.name: root}\nb: {user.name|endswith: n}\ncondition: all of them",
    "excluded again": "a: {user.name: [root, admin]}\nb: {user.name|contains: [oot, dmi]}\ncondition: a and not b",
    "excluded by itself": "a: {user.name|re: x+}\ncondition: a and not a",
    "absent and present": "a: {user.name: null}\nb: {user.name: root}\ncondition: a and b",
    "there and not there": "a: {user.name|exists: true}\nb: {user.name|exists: false}\ncondition: a and b",
    "two spellings": "a: {user.name|cased: root}\nb: {user.name|cased: Root}\ncondition: a and b",
    "an empty range": "a: {source.port|gt: 10}\nb: {source.port|lt: 5}\ncondition: a and b",
    "letters in a number": "a: {source.port|endswith: '.exe'}\ncondition: a",
    "letters in an address": "a: {source.ip|startswith: server}\ncondition: a",
    "capitals where there are none": "a: {event.outcome|cased: Failure}\ncondition: a",
    "every branch dead": "a: {source.port: x}\nb: {source.port: z}\ncondition: 1 of them",
}
SOUND = {
    "two fields": "a: {user.name: root}\nb: {source.ip: 10.0.0.1}\ncondition: a and b",
    "one of them": "a: {user.name: root}\nb: {user.name: admin}\ncondition: a or b",
    "case does not count": "a: {user.name: ROOT}\nb: {user.name|cased: root}\ncondition: a and b",
    "some are left": "a: {user.name: [root, admin]}\nb: {user.name|startswith: r}\ncondition: a and not b",
    "a list may hold both": "a: {related.user: root}\nb: {related.user: admin}\ncondition: a and b",
    "a range": "a: {source.port|gte: 5}\nb: {source.port|lte: 5}\ncondition: a and b",
    "null or a value": "a: {user.name: [null, root]}\nb: {user.name: root}\ncondition: a and b",
    "the end of a number": "a: {source.port|endswith: '22'}\ncondition: a",
}


@pytest.mark.parametrize("detection", NEVER.values(), ids=NEVER)
def test_a_rule_that_no_event_can_match_is_a_fault(detection: str, tmp_path: Path) -> None:
    [issue] = [each for each in check(tmp_path, detection) if each.check == "never"]
    assert issue.is_grave
    assert issue.line is not None
    assert issue.line > HEAD.count("\n")


@pytest.mark.parametrize("detection", SOUND.values(), ids=SOUND)
def test_a_rule_that_some_event_can_match_is_left_alone(detection: str, tmp_path: Path) -> None:
    assert check(tmp_path, detection) == []


@pytest.mark.parametrize(
    ("event_id", "source", "is_never"),
    [
        (4625, "{product: windows, category: process_creation}", True),
        (4688, "{product: windows, category: process_creation}", False),
        (1, "{product: windows, category: process_creation}", False),
        (4625, "{product: windows, service: security}", False),
    ],
)
def test_an_event_id_outside_the_category_never_comes(
    event_id: int, source: str, is_never: bool, tmp_path: Path
) -> None:
    found = check(tmp_path, f"a: {{EventID: {event_id}}}\ncondition: a", f"logsource: {source}\n")
    assert any(each.check == "never" for each in found) is is_never


def test_a_dead_branch_is_a_hint(tmp_path: Path) -> None:
    found = check(tmp_path, "a: {source.port: x}\nb: {user.name: root}\ncondition: 1 of them")
    [issue] = [each for each in found if each.check == "never"]
    assert not issue.is_grave
    assert "source.port" in issue.message


@pytest.mark.parametrize(
    ("detection", "source", "wanted"),
    [
        ("a: {user.name|re: '[0-9]+'}\ncondition: a", AUTH, True),
        ("a: {user.name: '*?*'}\ncondition: a", AUTH, True),
        ("a: {user.name: root}\ncondition: not a", AUTH, True),
        ("a: {user.name|re: 'admin[0-9]+'}\ncondition: a", AUTH, False),
        ("a: {user.name|re: '[0-9]+'}\nb: {source.ip: 10.0.0.1}\ncondition: a and b", AUTH, False),
        ("a: [segfault]\ncondition: a", "logsource: {product: linux}\n", True),
        ("a: [segfault]\ncondition: a", AUTH, False),
    ],
)
def test_an_expensive_rule_is_a_hint(detection: str, source: str, wanted: bool, tmp_path: Path) -> None:
    found = [each for each in check(tmp_path, detection, source) if each.check == "expensive"]
    assert bool(found) is wanted
    assert not any(each.is_grave for each in found)


def test_a_group_by_field_that_the_logs_lack_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "some_rule_of_ours.yml"
    rule = HEAD + "name: base\n" + AUTH + "detection: {s: {user.name: root}, condition: s}\n---\n"
    rule += HEAD.replace("3333-", "4444-").replace("A Rule", "A Count")
    rule += "correlation: {type: event_count, rules: [base], group-by: [source.adress], timespan: 5m, condition: "
    rule += "{gte: 2}}\n"
    path.write_text(rule, "utf-8")
    found = lint([path], load_rules([path]), wants_samples=False, runs_sigma_cli=False)
    assert [each.message for each in found if each.check == "unmapped-field"] == [
        "group-by field 'source.adress' is none of the logs of 'A Rule Of Some Kind', so it never groups"
    ]


def test_sigma_cli_is_asked_and_what_it_finds_is_placed(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text(HEAD + AUTH + "detection: {s: {user.name: root}, condition: s}\n", "utf-8")
    broken = tmp_path / "broken.yml"
    broken.write_text("title: [", "utf-8")
    found = lint([path, broken], load_rules([path, broken]), wants_samples=False)
    told = [(each.path, each.check, each.is_grave) for each in found]
    assert told == [(broken, "broken", True), (path, "sigma-cli:FilenameLength", False)]


def test_a_line_is_that_of_the_right_document(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text("title: One\na: 1\n---\ntitle: Two\nb: a\n'a': 2\n", "utf-8")
    assert line_of(path, "title: Two", "a") == 6
    assert line_of(path, "title: Two", "nothing") == 4
    assert line_of(path, "title: Three", "a") is None
    assert line_of(tmp_path / "no", "a") is None


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.text(st.sampled_from("aA*?\\.1"), max_size=4), st.just("10.0.0.1")
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    items=st.lists(
        st.tuples(
            st.sampled_from(["user.name", "source.port", "source.ip", "related.user"]),
            st.sampled_from(["", "|contains", "|startswith", "|endswith", "|cased", "|re", "|all", "|exists"]),
            st.lists(VALUES, min_size=1, max_size=3),
        ),
        min_size=2,
        max_size=4,
    ),
    condition=st.sampled_from(["all of them", "1 of them", "s0 and not s1", "not s0 and s1", "not 1 of them"]),
)
def test_what_is_said_to_match_nothing_matches_nothing(
    items: list[tuple[str, str, list[object]]], condition: str, tmp_path: Path
) -> None:
    import yaml

    from sentinel.detect.compile import as_written, holds
    from sentinel.detect.facts import Facts

    detection: dict[str, object] = {f"s{n}": {f"{f}{m}": v} for n, (f, m, v) in enumerate(items)}
    path = tmp_path / "rule.yml"
    text = HEAD + AUTH + yaml.safe_dump({"detection": detection | {"condition": condition}}, allow_unicode=True)
    path.write_text(text, "utf-8")
    rule_set = load_rules([path])
    found = lint([path], rule_set, wants_samples=False, runs_sigma_cli=False)
    if not any(each.check == "never" and each.is_grave for each in found):
        return
    [rule] = rule_set.rules
    for name in (None, "a", "A", "aa", "1", "a.1", ""):
        for port in (None, 1, -1, 9):
            for address in (None, "10.0.0.1", "1.1.1.1"):
                given = {"user.name": name, "source.port": port, "source.ip": address, "related.user": ["a", "1"]}
                facts = Facts({key: value for key, value in given.items() if value is not None})
                assert not holds(rule.condition, facts, as_written), [each.message for each in found]
