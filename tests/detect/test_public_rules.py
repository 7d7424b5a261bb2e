"""Every public rule compiles or is named with its reason, and means what pySigma's own tree of it means."""

import re
from pathlib import Path

import pytest

from sentinel.detect.engine import Engine
from sentinel.detect.facts import Facts
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from tests.detect import parser_oracle
from tests.detect.public import FOLDERS, public_rules, regression_records

WANTS_A_LIST = re.compile(r"placeholder %([^%]+)% has no value")


@pytest.fixture(scope="module")
def rules(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the public rules."""
    return public_rules(corpora, tmp_path_factory.mktemp("public"))


def counts(rule_set: RuleSet) -> tuple[int, ...]:
    """Return how many rules a set has, compiled, wants a list for, has set aside, and cannot read."""
    wanting = [fault for fault in rule_set.faults if WANTS_A_LIST.search(fault.message)]
    aside = [fault for fault in rule_set.faults if fault.is_set_aside]
    others = len(rule_set.faults) - len(wanting) - len(aside)
    compiled = len(rule_set.rules)
    return compiled + len(rule_set.faults), compiled, len(wanting), len(aside), others


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_public_rule_is_compiled_or_named_with_its_reason(folder: str, rules: Path, root: Path) -> None:
    page = (root / "docs/reference/sigma-semantics.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{folder}` |"))
    found = counts(load_rules([rules / folder]))
    assert [f"{count:,}" for count in found] == [cell.strip() for cell in row.strip("|").split("|")[1:]]
    if folder not in ("unsupported", "deprecated"):
        assert found[3:] == (0, 0), "only a placeholder list may be wanting"


def test_with_their_lists_all_of_them_compile(rules: Path) -> None:
    folders = [rules / name for name in ("rules-placeholder", "rules-emerging-threats")]
    faults = load_rules(folders).faults
    files = sorted({fault.path for fault in faults})
    lists: dict[str, list[str]] = {}
    while wanted := {name for fault in faults for name in WANTS_A_LIST.findall(fault.message)} - set(lists):
        lists |= {name: ["one", "10.0.0.*"] for name in wanted}
        rule_set = load_rules(files, placeholders=lists)
        faults = rule_set.faults
    assert faults == []
    assert len(rule_set.rules) == 25
    assert len(lists) > 20


@pytest.mark.slow
def test_the_engine_agrees_with_the_parsers_own_trees(rules: Path, corpora: Path) -> None:
    folder = rules / "rules" / "windows"
    engine = Engine(load_rules([folder]))
    trees = parser_oracle.parse_folder(folder)
    fired = 0
    for record in list(regression_records(corpora))[::2]:
        facts = Facts(record.fields)
        expected = {
            candidate.rule.info.id
            for candidate in engine.router.candidates(record.fields)
            for tree in trees[candidate.rule.info.id]
            if parser_oracle.holds(tree, record.fields, candidate.names.resolve, facts.words(candidate.keywords))
        }
        assert {match.rule.id for match, _ in engine.match([record])} == expected
        fired += len(expected)
    assert fired > 50
