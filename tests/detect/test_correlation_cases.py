"""What correlations mean: every case in `correlations/cases.yml` is a promise with its place on the page.

A case has a `correlation` (grouped by `ip`, within a minute, unless it says otherwise), perhaps `more` that may listen
to it as `found`, and either words of the reason why it is `refused`, or `events` and the matches it `finds`: the
numbers of the events behind each, oldest first, after the title where that is not `Found`.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.detect.engine import Engine
from sentinel.model.match import Match
from sentinel.model.moment import to_text
from sentinel.model.record import Record, Value
from tests.detect.conftest import PLAIN, START, Load

Case = dict[str, Any]
PAGE = Path("docs/reference/sigma-correlations.md")
SECTIONS: dict[str, list[Case]] = yaml.safe_load(
    (Path(__file__).parent / "correlations" / "cases.yml").read_text(encoding="utf-8")
)
CASES = [case for each in SECTIONS.values() for case in each]
IDS = {name: str(number) * 8 + f"-{number * 1111}-4{number * 111}-8{number * 111}-" + str(number) * 12
       for number, name in enumerate(("failure", "success", "other"), 1)}  # fmt: skip
RULES = [
    {
        "title": name.title(),
        "name": name,
        "id": rule_id,
        "logsource": {"product": "test"},
        "detection": {"s": {"action": name}, "condition": "s"},
    }
    for name, rule_id in IDS.items()
]
_EVENT = re.compile(r"(-?[\d.]+)(?:@([\d.]+))? (\w+)(.*)")


def text_of(case: Case) -> str:
    """Return the rule file of a case."""
    found = {"title": "Found", "name": "found", "level": "high", "correlation": case["correlation"]}
    if case.get("across"):
        found["sentinel"] = {"across-agencies": True}
    above = [{"name": each["title"].lower(), **each} for each in case.get("more", [])]
    for each in (found, *above):
        each["correlation"] = {"group-by": ["ip"], "timespan": "1m", **each["correlation"]}
    return yaml.safe_dump_all([*RULES, found, *above], sort_keys=False)


def record_of(number: int, text: str) -> Record:
    """Return the record of one event of a case."""
    found = _EVENT.fullmatch(text)
    assert found is not None, text
    at, received, rule, rest = found.groups()
    fields: dict[str, Value] = {"@timestamp": seconds(at), "event.dataset": "test.plain", "action": rule}
    if received is not None:
        fields["event.ingested"] = seconds(received)
    fields |= dict(each.split("=", 1) for each in rest.split())
    return Record(str(number), fields)


def seconds(after: str) -> str:
    """Return the time so many seconds after the start."""
    return to_text(START + timedelta(seconds=float(after)))


def said(match: Match) -> str:
    """Return a match as cases write it."""
    records = " ".join(match.contributing or [match.record_id])
    return records if match.rule.title == "Found" else f"{match.rule.title}: {records}"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_correlation_means(case: Case, load: Load) -> None:
    rule_set = load(text_of(case))
    if "refused" in case:
        assert any(case["refused"] in fault.message for fault in rule_set.faults), rule_set.faults
        assert "Found" not in [each.info.title for each in rule_set.correlations]
        return
    assert not rule_set.faults, rule_set.faults
    engine = Engine(rule_set, [PLAIN], lateness_seconds=case.get("lateness", 0))
    found = [
        match for number, text in enumerate(case["events"], 1) for match, _ in engine.match([record_of(number, text)])
    ]
    found += [match for match, _ in engine.finish()]
    mentioned = {rule for each in rule_set.correlations for rule in each.rules}
    told = [said(match) for match in found if match.contributing or match.rule.id in mentioned]
    assert told == case["finds"]
    assert engine.statistics["ungrouped"] == case.get("ungrouped", 0)
    assert {match.agency for match in found} <= {case.get("agency")}


def test_every_case_has_its_place_on_the_page_and_no_other_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    written: dict[str, list[str]] = {}
    for section in page.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        if named := re.findall(r"^- case: (.+)$", body, re.MULTILINE):
            written[heading.strip("`")] = named
    assert written == {heading: [case["name"] for case in cases] for heading, cases in SECTIONS.items()}
