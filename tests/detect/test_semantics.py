"""What rules mean: every case in `cases/*.yml` is a promise, and every promise has its place on the page."""

import re
from pathlib import Path
from typing import Any

import pytest

from sentinel.detect.compile import holds
from sentinel.detect.engine import Engine
from sentinel.detect.facts import Facts
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.model.record import Record
from tests.detect.casebook import Case, cases, rule_text, sections, spelt_out
from tests.detect.conftest import PLAIN, MakeRecord

ALL = cases()
CASES: list[Case] = [case for case in ALL if "fires" in case and "detection" in case and "placeholders" not in case]
"""Those of one rule that fires or not."""


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Return a function from a case to what is loaded of its rules."""

    def make(case: Case) -> RuleSet:
        path = tmp_path / "rule.yml"
        path.write_text(rule_text(case), encoding="utf-8")
        return load_rules([path], placeholders=case.get("placeholders"))

    return make


@pytest.mark.parametrize("case", ALL, ids=[case["name"] for case in ALL])
def test_a_rule_means(case: Case, read: Any, record: MakeRecord) -> None:
    rule_set = read(case)
    wanted = case.get("faults", [case["refused"]] if "refused" in case else [])
    assert len(rule_set.faults) == len(wanted), rule_set.faults
    for fault, words in zip(rule_set.faults, wanted, strict=True):
        assert words in fault.message
    assert len(rule_set.doubts) == len(case.get("doubts", [])), rule_set.doubts
    for doubt, words in zip(rule_set.doubts, case.get("doubts", []), strict=True):
        assert words in doubt.message
    engine = Engine(rule_set, [PLAIN])
    for fields, titles in _expected(case):
        found = record(**{name: spelt_out(value) for name, value in fields.items()})
        matches = [match.rule.title for match, _ in engine.match([found])]
        assert sorted(matches) == sorted(titles), fields
        assert _plainly(rule_set, found) <= set(titles) | {
            rule.info.title for rule in rule_set.rules if not rule.is_output
        }


def _expected(case: Case) -> list[tuple[dict[str, Any], list[str]]]:
    pairs = [(fields, titles) for fields, titles in case.get("expects", [])]
    pairs += [(fields, ["case"]) for fields in case.get("fires", [])]
    return pairs + [(fields, []) for fields in case.get("quiet", [])]


def _plainly(rule_set: RuleSet, record: Record) -> set[str]:
    """Return the titles of the rules that hold when each is read without any index."""
    source = PLAIN.sources[0]
    facts = Facts(record.fields)
    return {
        rule.info.title
        for rule in rule_set.rules
        if rule.log_source.fits(source.offered) and holds(rule.condition, facts, source.names.resolve, source.keywords)
    }


@pytest.fixture(scope="module")
def page() -> dict[str, set[str]]:
    """Return the names of cases quoted on the page, by heading."""
    text = (Path(__file__).resolve().parents[2] / "docs/reference/sigma-semantics.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    quoted = {
        heading: {name for line in re.findall(r"^- case: (.+)$", body, flags=re.MULTILINE) for name in [line.strip()]}
        for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    return {heading: names for heading, names in quoted.items() if names}


def test_every_case_is_named_on_the_page_under_its_heading(page: dict[str, set[str]]) -> None:
    told = {heading: {case["name"] for case in each} for heading, each in sections().items()}
    assert page == told, "name each case under its heading in docs/reference/sigma-semantics.md"


def test_no_two_cases_have_one_name() -> None:
    names = [case["name"] for case in ALL]
    assert len(names) == len(set(names))


def test_a_case_says_something() -> None:
    outcomes = {"fires", "quiet", "expects", "refused", "faults", "doubts"}
    assert all(outcomes & set(case) for case in ALL)
