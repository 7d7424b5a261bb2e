"""What is read in a line of each kind of log, as `text_logs.yml` lists it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.event import Hint
from sentinel.model.hints import COLUMNS
from tests.normalise.lines import fields

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "text_logs.yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['dataset']}: {case['line'][:40]}")
def test_a_line_says_what_a_person_reads_in_it(case: dict[str, Any]) -> None:
    hints: dict[str, Hint] = {}
    if "timezone" in case:
        hints["event__timezone"] = case["timezone"]
    if "columns" in case:
        hints[COLUMNS.replace(".", "__")] = case["columns"]
    found = fields(case["dataset"], case["line"], **hints)
    if "error" in case:
        assert case["error"] in str(found.get("error.message"))
        return
    assert found["event.kind"] == "event", found.get("error.message")
    assert {name: found.get(name) for name in case["fields"]} == case["fields"]
