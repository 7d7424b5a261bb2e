"""Every rule of our own tells an operator, in both languages, what it saw, what to do first, and when it is wrong."""

import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.cli.samples import Trial
from sentinel.detect.load import load_rules
from sentinel.detect.rule import Correlation, Rule, RuleSet
from sentinel.model.match import Level
from tests.house.source import ROOT

FOLDER = ROOT / "rules"
LEAST_VISIBLE, LEAST_CORRELATIONS, LEAST_ACROSS = 90, 12, 5
WHERE_ATTACK_HAS_NOTHING = "sentinel.own"
"""Tag of rules about Sentinel's own work, where ATT&CK has no technique."""
MIN_TRIAGE_CHARACTERS, MAX_TRIAGE_CHARACTERS = 40, 500

_ANOTHER_VISITOR = "what runs there is a web shell, whoever put it there"
GRAVE_ON_QUIET: dict[tuple[str, str], str] = {
    ("upload_then_script", "Script Served From An Upload Folder"): _ANOTHER_VISITOR,
    ("upload_then_script", "Operating System Command In A Request Parameter"): _ANOTHER_VISITOR,
    (
        "same_program_in_three_agencies",
        "Program Started From An Upload Or Temporary Folder",
    ): "two agencies are too few for an outbreak, but a program below /tmp is grave in one",
    ("service_then_defender_off", "Defender Switched Off"): "too late for the pair, and grave without a service",
    ("admin_protection_changed", "Group Policy For All Machines Changed"): "a link to the whole domain is its matter",
}
"""Rule file and the grave rule that fires on its quiet sample, with the reason why that is right."""


@cache
def documents() -> tuple[tuple[Path, dict[str, Any]], ...]:
    """Return every rule with the file it is in."""
    return tuple(
        (path, rule)
        for path in sorted(FOLDER.rglob("*.yml"))
        for rule in yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader)
    )


def own(rule: dict[str, Any]) -> dict[str, Any]:
    """Return the rule's attribute `sentinel`."""
    found = rule.get("sentinel", {})
    assert isinstance(found, dict)
    return found


each_rule = pytest.mark.parametrize(
    ("path", "rule"), documents(), ids=lambda value: value.stem if isinstance(value, Path) else value["title"]
)


@each_rule
def test_a_rule_speaks_both_languages(path: Path, rule: dict[str, Any]) -> None:
    for name in ("title-vi", "description-vi", "triage", "triage-vi"):
        assert str(own(rule).get(name, "")).strip(), f"{path.name}: '{rule['title']}' has no sentinel.{name}"
    for name in ("triage", "triage-vi"):
        length = len(str(own(rule)[name]).strip())
        assert MIN_TRIAGE_CHARACTERS <= length <= MAX_TRIAGE_CHARACTERS, f"{path.name}: {name} has {length} characters"


@each_rule
def test_a_rule_says_when_it_is_wrong(path: Path, rule: dict[str, Any]) -> None:
    english, vietnamese = rule.get("falsepositives") or [], own(rule).get("falsepositives-vi") or []
    assert english, f"{path.name}: '{rule['title']}' has no falsepositives"
    assert len(english) == len(vietnamese), f"{path.name}: falsepositives-vi does not say the same as falsepositives"


@each_rule
def test_a_rule_has_its_tags(path: Path, rule: dict[str, Any]) -> None:
    tags = [str(tag) for tag in rule.get("tags", [])]
    assert any(tag.startswith("attack.t") for tag in tags) or WHERE_ATTACK_HAS_NOTHING in tags, f"{path.name}: {tags}"
    assert rule.get("status") in ("stable", "test", "experimental"), path.name
    assert rule.get("level") in ("informational", "low", "medium", "high", "critical"), path.name


@pytest.mark.parametrize("path", sorted({path for path, _ in documents()}), ids=lambda path: path.stem)
def test_a_rule_file_and_its_samples_are_nfc(path: Path) -> None:
    for name in (path, path.with_suffix(".fires.ndjson"), path.with_suffix(".quiet.ndjson")):
        text = name.read_text("utf-8")
        assert text.strip(), f"{name.name} is empty"
        # Samples may hold what an attacker or an old program would write, so only rules have to be composed.
        assert name != path or unicodedata.is_normalized("NFC", text), f"{name.name} is not NFC"


def test_ids_and_names_are_unique() -> None:
    for key in ("id", "name", "title"):
        counts = Counter(str(rule[key]) for _, rule in documents() if key in rule)
        assert [value for value, count in counts.items() if count > 1] == [], f"the same {key} twice"
    assert all("id" in rule for _, rule in documents())


def everything(rule_set: RuleSet) -> list[Rule | Correlation]:
    """Return rules and correlations alike."""
    return [*rule_set.rules, *rule_set.correlations]


@pytest.fixture(scope="module")
def rule_set() -> RuleSet:
    return load_rules([FOLDER])


def test_there_are_enough_rules_that_people_see(rule_set: RuleSet) -> None:
    """An experimental rule is only counted (shadow), and one that serves a correlation raises no alert of its own."""
    visible = [each for each in everything(rule_set) if each.is_output and each.info.status != "experimental"]
    assert len(visible) >= LEAST_VISIBLE
    assert len(rule_set.correlations) >= LEAST_CORRELATIONS
    assert sum(each.info.across_agencies for each in rule_set.correlations) >= LEAST_ACROSS


def test_what_alerts_is_not_informational_and_what_serves_is(rule_set: RuleSet) -> None:
    for each in everything(rule_set):
        assert each.is_output == (each.info.level is not Level.INFORMATIONAL), each.info.title


def test_no_grave_rule_fires_on_the_quiet_sample_of_another(rule_set: RuleSet) -> None:
    trial = Trial(rule_set)
    found = {
        (path.stem, other.rule.title)
        for path in trial.rule_files
        for other in trial.run(path).others
        if ".quiet." in other.sample and other.rule.level.rank >= Level.HIGH.rank
    }
    assert found == set(GRAVE_ON_QUIET)
