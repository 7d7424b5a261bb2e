"""Rules across agencies see what no agency sees alone, whether one system serves all or each has its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.event import decode
from sentinel.model.record import Record
from sentinel.normalise import normalise

RULES = [
    "edoc/attachment_fan_out",
    "edoc/macro_in_three_agencies",
    "signing/certificate_in_two_agencies",
    "certification/one_scan_three_agencies",
    "mail/one_sender_three_agencies",
]


def sample(root: Path, rule: str, *, one_system: bool, keeps_code: bool) -> list[Record]:
    """Return the records of a rule's sample that fires, from one collector or from one in each agency."""
    found = []
    text = (root / "rules" / "egov" / f"{rule}.fires.ndjson").read_text("utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        event = decode(line.encode(), collector=f"c{number}", epoch="e", sequence=number)
        record = normalise(event, agency="city" if one_system else f"agency-{number}", received_at=None)
        fields = dict(record.fields)
        if not keeps_code:
            del fields["sentinel.egov.agency_code"]
        found.append(replace(record, fields=fields))
    return found


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("one_system", "keeps_code"), [(True, True), (False, True), (False, False)], ids=["central", "own", "own-no-code"]
)
def test_it_fires_once_however_the_agencies_are_told_apart(
    rule: str, root: Path, one_system: bool, keeps_code: bool
) -> None:
    engine = Engine(load_rules([root / "rules" / "egov" / f"{rule.partition('/')[0]}"]))
    wanted = {info.title for info in engine.rules if info.across_agencies}
    records = sample(root, rule, one_system=one_system, keeps_code=keeps_code)
    fired = [match for match, _ in engine.match(records) if match.rule.title in wanted]
    assert len(fired) == 1
    assert fired[0].rule.across_agencies
    assert len(fired[0].contributing) == len(records)


@pytest.mark.parametrize("rule", RULES)
def test_one_agency_alone_is_no_matter_for_the_city(rule: str, root: Path) -> None:
    engine = Engine(load_rules([root / "rules" / "egov" / f"{rule.partition('/')[0]}"]))
    records = sample(root, rule, one_system=True, keeps_code=False)
    assert [match.rule.title for match, _ in engine.match(records) if match.rule.across_agencies] == []
