"""The e-government pack: nine services, each rule with what a person needs, in both languages."""

import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.model.match import Level
from tests.normalise.egov.services import BY_SERVICE


@pytest.fixture(scope="module")
def pack(root: Path) -> RuleSet:
    rule_set = load_rules([root / "rules" / "egov"])
    assert rule_set.faults == []
    return rule_set


def test_every_service_has_rules_and_many_look_over_time(pack: RuleSet) -> None:
    alerting = [each for each in (*pack.rules, *pack.correlations) if each.is_output]
    folders = Counter(each.path.parent.name for each in alerting)
    assert folders.keys() - {"all"} == set(BY_SERVICE)
    assert min(folders[service] for service in BY_SERVICE) >= 3
    assert len(alerting) >= 60
    correlations = [each for each in pack.correlations if each.is_output]
    assert len(correlations) >= 30
    assert sum(each.info.across_agencies for each in correlations) == 5
    assert {each.kind for each in correlations} >= {"event_count", "value_count", "value_sum", "temporal_ordered"}


def test_every_rule_says_what_to_do_first_in_both_languages(pack: RuleSet) -> None:
    for each in (*pack.rules, *pack.correlations):
        info = each.info
        assert info.triage, info.title
        assert info.triage_vi, info.title
        assert len(info.falsepositives_vi) == len(info.falsepositives) >= 1, info.title
        assert info.status == "test", info.title
        vietnamese = (info.title_vi, info.description_vi, info.triage_vi, *info.falsepositives_vi)
        for text in vietnamese:
            assert unicodedata.is_normalized("NFC", text), info.title
            assert not text.isascii(), f"{info.title}: {text} has lost its accents"
        if info.level is not Level.INFORMATIONAL:
            assert len(info.triage) >= 80, f"{info.title}: name the first steps"


def test_rules_name_only_their_own_service(pack: RuleSet) -> None:
    for rule in pack.rules:
        folder = rule.path.parent.name
        assert (rule.log_source.product, rule.log_source.service or "all") == ("egov", folder), rule.info.title
