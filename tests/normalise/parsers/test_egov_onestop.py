"""egov.onestop: the audit log of a one-stop system, by the schema vendors write to."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

from sentinel.model.record import Fields
from tests.lab import onestop
from tests.normalise.lines import fields

ENTRY = {
    "time": "2026-11-23T17:59:59.999+07:00",
    "action": "lookup",
    "outcome": "success",
    "user": "lan.nt",
    "roles": ["can-bo-mot-cua"],
    "source_ip": "10.77.14.21",
    "device": "quay01-pc",
    "office": "mc-phuong-mau",
    "counter": "01",
    "citizen": "ab" * 32,
    "rows": 1,
    "open_dossier": False,
    "something_new": {"of": "the vendor"},
}


def read(**changes: object) -> Fields:
    return fields("egov.onestop", json.dumps({**ENTRY, **changes}))


def test_an_entry() -> None:
    found = read()
    assert found["@timestamp"] == "2026-11-23T10:59:59.999000Z"
    assert (found["event.action"], found["event.outcome"], found["event.category"]) == (
        "lookup",
        "success",
        ["database"],
    )
    assert (found["user.name"], found["user.roles"], found["device.id"]) == ("lan.nt", ["can-bo-mot-cua"], "quay01-pc")
    assert (found["sentinel.egov.citizen_hmac"], found["sentinel.egov.rows"]) == ("ab" * 32, 1)
    assert found["sentinel.egov.has_open_dossier"] is False
    assert read(action="login")["event.category"] == ["authentication"]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T07:00:00+07:00", True),
        ("2026-11-23T06:59:59+07:00", False),
        ("2026-11-23T18:00:00+07:00", False),
        ("2026-11-23T10:30:00Z", True),
        ("2026-11-22T10:00:00+07:00", False),
    ],
)
def test_office_hours_are_those_of_the_office(moment: str, is_open: bool) -> None:
    assert read(time=moment)["sentinel.egov.is_office_hours"] is is_open


def test_a_change_dated_to_an_earlier_day_is_marked() -> None:
    earlier = read(action="status_change", effective_at="2026-11-22T23:59:00+07:00")
    assert earlier["sentinel.egov.is_backdated"] is True
    same_day = read(action="status_change", effective_at="2026-11-23T00:01:00+07:00")
    assert same_day["sentinel.egov.is_backdated"] is False


def test_letters_are_the_same_characters_however_they_were_written() -> None:
    found = read(action="status_change", status_to=unicodedata.normalize("NFD", "đã trả kết quả"))
    assert found["sentinel.egov.status_to"] == "đã trả kết quả"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"citizen": "031099001234"}, "never the number itself"),
        ({"citizen": 31099001234}, "never the number itself"),
        ({"action": "delete"}, "action: expected one of login"),
        ({"outcome": "ok"}, "outcome: expected success or failure"),
        ({"user": ""}, "user is missing"),
        ({"time": "2026-11-23T08:00:00"}, "expected date"),
        ({"time": None}, "expected date"),
        ({"rows": "many"}, "rows: sentinel.egov.rows: expected long"),
        ({"version": 2}, "version: only 1 is known"),
        ({"source_ip": "quay01"}, "source_ip: source.ip: expected ip"),
    ],
)
def test_what_breaks_the_schema_is_named(changes: dict[str, object], reason: str) -> None:
    found = read(**changes)
    assert found["event.kind"] == "pipeline_error"
    assert reason in str(found["error.message"])


def test_the_recording_is_what_the_lab_makes_and_names_no_citizen(root: Path) -> None:
    recorded = (root / "tests/data/recordings/onestop-audit.ndjson").read_text("utf-8")
    made = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in onestop.recording())
    assert recorded == made
    assert not re.search(r"(?<![0-9a-f])\d{12}(?![0-9a-f])", recorded)
    for raw in recorded.splitlines():
        assert fields("egov.onestop", raw)["event.kind"] == "event"
