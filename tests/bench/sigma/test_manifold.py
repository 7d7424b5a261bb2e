"""Copies of rules are rules, differ in what they look for, and keep what says which events they are about."""

import re
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from bench.sigma.manifold import changed, multiply
from sentinel.detect.load import load_rules

RULE = r"""
title: A shell that was started by the web server
id: 11111111-2222-4333-8444-555555555555
status: test
logsource: {product: windows, category: process_creation}
detection:
  selection:
    EventID: 4688
    Channel: Security
    Image|endswith: '\powershell.exe'
    CommandLine|contains: ['-enc*', 'abc', '%TEMP%\*']
    ParentImage|re: '^C:\\(?:inetpub|wwwroot[0-9]{1,3})\\.*\.exe$'
    Address|cidr: 10.0.0.0/8
  filter: {User: administrator}
  condition: selection and not filter
level: high
"""
ONLY_EXCEPTIONS = r"""
title: Anything but one
id: 11111111-2222-4333-8444-555555555556
status: test
logsource: {product: windows, category: process_creation}
detection:
  selection: {EventID: 1}
  filter_main_one: {Image: C:\one.exe}
  condition: selection and not 1 of filter_main_*
level: low
"""


def test_copies_are_usable_rules_with_other_literals(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/one.yml").write_text(RULE, "utf-8")
    done = multiply(tmp_path / "rules", tmp_path / "more", 3)
    assert (done.files, done.rules, done.unchanged) == (1, 3, 0)
    rule_set = load_rules([tmp_path / "more"])
    assert rule_set.faults == []
    assert len({rule.info.id for rule in rule_set.rules}) == 3
    first, second, _ = yaml.safe_load_all((tmp_path / "more/one.yml").read_text("utf-8"))
    assert first["detection"] == yaml.safe_load(RULE)["detection"]
    copied = second["detection"]["selection"]
    assert copied["EventID"] == 4688
    assert copied["Channel"] == "Security"
    assert copied["Address|cidr"] == "10.0.0.0/8"
    assert copied["Image|endswith"] == r"\powerq1zshell.exe"
    assert copied["CommandLine|contains"] == ["-eq1znc*", "abc", r"%TEq1zMP%\*"]
    assert copied["ParentImage|re"] == r"^C:\\(?:inq1zetpub|wwq1zwroot[0-9]{1,3})\\.*\.exe$"


def test_a_rule_of_exceptions_alone_is_copied_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/one.yml").write_text(ONLY_EXCEPTIONS, "utf-8")
    assert multiply(tmp_path / "rules", tmp_path / "more", 2).unchanged == 1


@given(st.text())
def test_wildcards_and_short_texts_stay(text: str) -> None:
    found = changed(text, "q1z", "Image|contains")
    assert [letter for letter in found if letter in "*?\\"] == [letter for letter in text if letter in "*?\\"]
    assert found == text or len(text) >= 4


@given(st.from_regex(r"(\\[dws.]|\[[^\]\\]+\]|[a-zA-Z]{1,9}|\(\?:[a-z]{1,9}\)|\{|,){0,9}", fullmatch=True))
def test_an_expression_stays_valid(expression: str) -> None:
    try:
        re.compile(expression)
    except re.error:
        return
    re.compile(changed(expression, "q1z", "Image|re"))
