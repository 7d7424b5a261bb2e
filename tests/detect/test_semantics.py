"""What rules mean: every row of `cases/*.yml` is a promise."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.detect.conftest import MakeEngine, MakeRecord

CASES: list[dict[str, Any]] = [
    case
    for path in sorted((Path(__file__).parent / "cases").glob("*.yml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_rule_means(case: dict[str, Any], engine: MakeEngine, record: MakeRecord) -> None:
    rule = {"title": "case", "logsource": {"product": "test"}, "detection": case["detection"]}
    made = engine(yaml.safe_dump(rule, allow_unicode=True))
    for fields in case["fires"]:
        matches = made.match([record(**fields)])
        assert len(matches) == 1, fields
        assert matches[0][0].rule.title == "case"
    for fields in case["quiet"]:
        assert made.match([record(**fields)]) == [], fields
