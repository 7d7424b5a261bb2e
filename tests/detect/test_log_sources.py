"""Every kind of log reaches the rules of its log sources, and no others."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.model.record import Record
from sentinel.normalise import normalise
from tests.normalise.lines import line

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "log_sources/cases.yml").read_text("utf-8"))
PARTS = ("product", "category", "service")


def rule(number: int, source: dict[str, str], detection: dict[str, Any]) -> dict[str, Any]:
    """Return a rule of one log source."""
    identity = f"00000000-0000-4000-8000-{number:012}"
    return {"title": str(number), "id": identity, "logsource": source, "detection": {**detection, "condition": "s"}}


def fired(rules: list[dict[str, Any]], records: list[Record], folder: Path) -> list[set[str]]:
    """Return the titles of the rules that fire on each record."""
    (folder / "rules.yml").write_text(yaml.safe_dump_all(rules), encoding="utf-8")
    rule_set = load_rules([folder])
    assert not rule_set.faults
    engine = Engine(rule_set)
    return [{match.rule.title for match, _ in engine.match([record])} for record in records]


def record(case: dict[str, Any]) -> Record:
    """Return the record of a case's line."""
    made = normalise(line(case["dataset"], case["line"]), agency=None, received_at=None)
    assert made.fields["event.kind"] == "event", made.fields.get("error.message")
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['dataset']}: {case['line'][:40]}")
def test_a_line_is_seen_by_the_rules_of_its_log_sources(case: dict[str, Any], tmp_path: Path) -> None:
    rules = []
    for number, each in enumerate(case.get("sees", [])):
        item = [each["keyword"]] if "keyword" in each else each["fields"]
        rules.append(rule(number, each["source"], {"s": item}))
    for number, source in enumerate(case.get("unseen", []), start=100):
        rules.append(rule(number, source, {"s": ["*"]}))
    [titles] = fired(rules, [record(case)], tmp_path)
    assert titles == {str(number) for number in range(len(case.get("sees", [])))}


def test_every_case_has_a_dataset_of_its_own_parser() -> None:
    from sentinel.normalise.parsers import PARSERS

    ours = {name.partition(".")[0] + ".*" if f"{name.partition('.')[0]}.*" in PARSERS else name for name in PARSERS}
    told = {f"{each['dataset'].partition('.')[0]}.*" for each in CASES} | {each["dataset"] for each in CASES}
    missing = {
        name for name in ours - told if not name.startswith(("egov.", "sentinel.", "network.arp", "apache.access"))
    }
    assert not missing, f"add a line of {sorted(missing)} to cases.yml"
