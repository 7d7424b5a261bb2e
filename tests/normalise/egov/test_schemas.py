"""egov.*: every service's table is sound, its example is accepted, and its page says the same as the table."""

import json
from pathlib import Path

import pytest

from sentinel.model.ecs import TYPES
from sentinel.normalise.egov.page import page
from sentinel.normalise.egov.schema import Schema
from sentinel.normalise.egov.values import KINDS, WRITTEN
from sentinel.normalise.parsers import PARSERS
from tests.normalise.egov.services import SCHEMAS, example, read

services = pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.service)


def test_the_nine_services_have_parsers() -> None:
    assert {schema.dataset for schema in SCHEMAS} == {name for name in PARSERS if name.startswith("egov.")}


@services
def test_a_table_names_fields_in_use_and_kinds_that_exist(schema: Schema) -> None:
    assert WRITTEN.keys() == KINDS.keys()
    names = [entry.name for entry in schema.entries]
    assert len(set(names)) == len(names)
    assert len({entry.field for entry in schema.entries}) == len(names)
    for entry in schema.entries:
        assert entry.field in TYPES, entry.name
        assert entry.kind in KINDS, entry.name
        assert bool(entry.words) == (entry.kind == "word"), entry.name
    assert set(schema.secret) <= set(names)


@services
def test_the_example_is_accepted_and_every_name_in_it_is_read(schema: Schema) -> None:
    found = read(schema.service)
    assert found["event.kind"] == "event", found.get("error.message")
    assert "sentinel.egov.is_withheld" not in found
    known = {entry.name: entry.field for entry in schema.entries}
    for name in example(schema.service).keys() - {"version", "time", "action", "outcome"}:
        assert known[name] in found, name


@services
def test_every_action_is_accepted(schema: Schema) -> None:
    for each in schema.actions:
        found = read(schema.service, action=each.name)
        assert (found["event.action"], found["event.category"], found["event.type"]) == (
            each.name,
            [each.category],
            [each.type],
        )


@services
def test_the_page_for_vendors_is_made_from_the_table(schema: Schema, root: Path) -> None:
    shown = (root / f"docs/reference/egov-{schema.service}.md").read_text("utf-8")
    made = page(schema)
    assert made.partition("\n")[2] in shown, "run `python docs/build.py`"
    for entry in schema.entries:
        assert f"| `{entry.name}` |" in made


@services
def test_what_is_needed_is_asked_for(schema: Schema) -> None:
    needed = [entry.name for entry in schema.entries if entry.needed]
    for name in [*needed, "time", "outcome", "action"]:
        found = read(schema.service, **{name: None})
        assert found["event.kind"] == "pipeline_error"
        assert name in str(found["error.message"])


@pytest.mark.parametrize(
    ("service", "changes", "reason"),
    [
        ("portal", {"status": 99}, "status: expected an HTTP status"),
        ("portal", {"scan": "fine"}, "scan: expected one of clean, infected, skipped, got 'fine'"),
        ("portal", {"file_hash": "abc"}, "file_hash: expected SHA-256"),
        ("portal", {"account": "031099001234"}, "account: expected a keyed hash"),
        ("portal", {"user": "031099001234"}, "user: expected an account name"),
        ("portal", {"path": "/" * 2_001}, "path: 2001 characters, more than the 2000 allowed"),
        ("lgsp", {"records": -1}, "records: expected a number from 0"),
        ("lgsp", {"latency_ms": 1.5}, "latency_ms: event.duration: expected long"),
        ("lgsp", {"registered": "yes"}, "registered: sentinel.egov.is_registered_address: expected boolean"),
        ("edoc", {"secrecy": "kín"}, "secrecy: expected one of thường"),
        ("edoc", {"recipients": ["a"] * 1_001}, "recipients: a list of 1001"),
        ("edoc", {"recipients": [1]}, "recipients: sentinel.egov.recipients: expected text"),
        ("signing", {"certificate": "no hex"}, "certificate: expected a certificate's serial number"),
        ("mail", {"recipient_domains": ["an.tv@example.com"]}, "without the name before the @"),
        ("mail", {"recipient_domains": ["not a domain"]}, "is no domain"),
        ("mail", {"sender": "someone@example.com"}, "sender: expected a keyed hash"),
        ("conference", {"meeting": ""}, "meeting is missing"),
        ("ioc", {"value": "97"}, "value: sentinel.egov.indicator_value: expected float"),
        ("certification", {"roles": {}, "copies": True}, "copies: sentinel.egov.rows: expected long"),
    ],
)
def test_what_breaks_a_schema_is_named(service: str, changes: dict[str, object], reason: str) -> None:
    found = read(service, **changes)
    assert found["event.kind"] == "pipeline_error"
    assert reason in str(found["error.message"])


def test_a_name_that_is_not_in_the_table_stays_in_the_original_line() -> None:
    found = read("lgsp", something_new={"of": "the vendor"})
    assert found["event.kind"] == "event"
    assert json.loads(str(found["event.original"]))["something_new"] == {"of": "the vendor"}


def test_a_number_that_is_no_token_is_not_kept() -> None:
    for changes in ({"citizen": "031099001234"}, {"citizen": 31099001234}, {"user": "031099001234"}):
        found = read("onestop", **changes)
        assert found["event.kind"] == "pipeline_error"
        assert "31099001234" not in json.dumps(found)
        assert "(withheld)" in str(found["event.original"])


@pytest.mark.parametrize(
    ("serial", "read_as"), [("54:0A:11:7C", "540a117c"), ("540a117c", "540a117c"), ("54 0A 11 7C", "540a117c")]
)
def test_one_certificate_is_the_same_however_its_serial_is_written(serial: str, read_as: str) -> None:
    assert read("signing", certificate=serial)["sentinel.egov.certificate_serial"] == read_as


def test_what_sentinel_adds() -> None:
    late = read("signing", time="2028-03-02T09:00:00+07:00")
    assert (late["sentinel.egov.is_after_expiry"], read("signing")["sentinel.egov.is_after_expiry"]) == (True, False)
    domains = read("mail", recipient_domains=["Haiphong.GOV.vn", "gmail.com", "notgov.vn", "gmail.com"])
    assert domains["sentinel.egov.outside_domains"] == ["gmail.com", "notgov.vn"]
    assert "sentinel.egov.outside_domains" not in read("edoc", recipient_domains=["moha.gov.vn", "chinhphu.vn"])
    assert read("ioc", value=50.0, mean=96.9, deviation=0.8)["sentinel.egov.deviation_sigmas"] == 58.625
    assert "sentinel.egov.deviation_sigmas" not in read("ioc", deviation=0)
    published = read("ioc", action="publish", user="an.tv", approvers=["an.tv", "binh.lt", "binh.lt"])
    assert published["sentinel.egov.approver_count"] == 1
    assert read("ioc", action="publish")["sentinel.egov.approver_count"] == 0
    assert read("lgsp")["event.duration"] == 212_000_000


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Phiên họp UBND thành phố", "committee"),
        ("Họp Thường trực HĐND", "committee"),
        ("Uỷ ban nhân dân phường: giao ban", "committee"),
        ("Giao ban phòng một cửa", None),
        ("Tập huấn ban thường vụ đoàn", "committee"),
    ],
)
def test_a_meeting_is_the_committees_where_its_title_says_so(title: str, kind: str | None) -> None:
    assert read("conference", title=title, meeting_kind=None).get("sentinel.egov.meeting_kind") == kind
    assert read("conference", title=title, meeting_kind="public")["sentinel.egov.meeting_kind"] == "public"
