"""Promises of own events: every audit entry and finding fits the schema that rules are written for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.audit import Entry
from sentinel.event import decode
from sentinel.journal import Batch
from sentinel.model.moment import to_text
from sentinel.normalise import normalise
from sentinel.selfwatch.door import Door, Own
from sentinel.selfwatch.findings import Finding, Findings
from sentinel.selfwatch.told import told

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def entry(action: str, *, detail: dict[str, object] | None = None, why: str = "", name: str = "o1") -> Entry:
    return Entry(
        sequence=7, at=to_text(AT), actor="an", agency="dept-a", action=action, object=name, why=why,
        detail=detail or {}, previous="0" * 64, digest="1" * 64,
    )  # fmt: skip


class Kept:
    """A journal that only keeps what is appended."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def last_sequence(self, collector: str, epoch: str) -> int:
        return sum(len(batch.lines) for batch in self.batches)

    def append(self, batch: Batch) -> int:
        self.batches.append(batch)
        return self.last_sequence("", "")


class _Wake:
    def set(self) -> None:
        return


def fields(own: Own) -> dict[str, object]:
    """Return the record that an own event becomes, through the door and the parser."""
    kept = Kept()
    Door(kept, _Wake()).put([own])  # type: ignore[arg-type]
    (batch,) = kept.batches
    event = decode(batch.lines[0], collector=batch.collector, epoch=batch.epoch, sequence=batch.first)
    record = normalise(event, agency=batch.agency, received_at=batch.received_at)
    assert record.fields["event.kind"] == "event", record.fields.get("error.message")
    return dict(record.fields)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            entry("sign_in.refused", detail={"address": "203.0.113.9"}, name="admin"),
            {
                "event.dataset": "sentinel.audit",
                "event.outcome": "failure",
                "source.ip": "203.0.113.9",
                "user.target.name": "admin",
            },
        ),
        (
            entry("rule.disabled", detail={"name": "SSH", "from": "enabled", "to": "disabled"}, why="scanner"),
            {
                "event.dataset": "sentinel.detection",
                "event.outcome": "success",
                "event.reason": "scanner",
                "sentinel.own.name": "SSH",
                "sentinel.own.to": "disabled",
            },
        ),
        (
            entry("run.failed", detail={"playbook": "web-shell"}),
            {
                "event.dataset": "sentinel.playbook",
                "event.outcome": "failure",
                "sentinel.own.name": "web-shell",
                "sentinel.own.object_kind": "run",
            },
        ),
        (
            entry("rules.changed", detail={"value": 90, "limit": 80}),
            {"event.dataset": "sentinel.detection", "sentinel.own.value": 90, "sentinel.own.limit": 80},
        ),
        (
            entry("collector.revoked", name="c9"),
            {"event.dataset": "sentinel.collector", "sentinel.own.collector": "c9"},
        ),
    ],
)
def test_an_audit_entry_becomes_an_event_of_its_family(made: Entry, expected: dict[str, object]) -> None:
    found = fields(told(made))
    assert {name: found.get(name) for name in expected} == expected
    assert found["event.action"] == made.action
    assert found["user.name"] == "an"
    assert found["organization.id"] == found["sentinel.own.agency"] == "dept-a"
    assert found["@timestamp"] == to_text(AT)


_plain = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=20)


@given(
    st.text(max_size=80),
    st.text(max_size=3_000),
    st.dictionaries(
        st.sampled_from(["name", "from", "value", "limit", "address", "outcome", "collector", "x"]), _plain
    ),
)
def test_no_entry_breaks_the_schema(action: str, why: str, detail: dict[str, object]) -> None:
    fields(told(entry(action, detail=detail, why=why)))


def test_a_finding_begins_lasts_and_ends() -> None:
    findings = Findings()
    silent = Finding("source.silent", "c1/linux.auth", "dept-a", {"value": 7_200, "limit": 900, "unit": "seconds"})

    def at(minutes: int, *present: Finding) -> list[object]:
        return [own.body["action"] for own in findings.news(present, AT + timedelta(minutes=minutes))]

    assert at(0) == []
    assert at(1, silent) == ["source.silent"]
    assert at(2, silent) == at(60, silent) == []
    assert at(61, silent) == ["source.silent"]
    assert at(62) == ["source.silent.ended"]
    assert at(63) == []
    assert at(64, silent) == ["source.silent"]


def test_findings_speak_the_schema() -> None:
    found = fields(Finding("source.silent", "c1/x", "dept-a", {"collector": "c1", "value": 7_200.5}).event(AT))
    assert found["event.dataset"] == "sentinel.collector"
    assert (found["event.outcome"], found["sentinel.own.value"]) == ("failure", 7_200.5)
    assert fields(Finding("health.disk_low", "/var").event(AT))["event.dataset"] == "sentinel.health"
    assert fields(Finding("audit.chain_broken", "7").event(AT))["event.dataset"] == "sentinel.audit"
    ended = fields(Finding("health.disk_low", "/var").event(AT, ended=True))
    assert (ended["event.action"], ended["event.outcome"]) == ("health.disk_low.ended", "success")
