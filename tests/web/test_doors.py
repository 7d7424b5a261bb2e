"""Doors for programs of others: closed until opened, for known senders only, and answered in their own words."""

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
import zstandard

from sentinel.errors import UnavailableError
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.moment import from_text
from sentinel.model.principal import Role
from sentinel.normalise import normalise
from sentinel.web.app import create_app
from tests.web.browser import browsers
from tests.web.doorstep import Doorstep, basic, doorstep
from tests.web.world import OURS, THEIRS, World

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.yml"))
DOCUMENT = b'{"create":{}}\n{"message":"x"}\n'
EVENT = "/services/collector/event"
PATHS = {"bulk": "/_bulk", "hec": EVENT, "otlp": "/v1/logs"}
RECORD = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}'
BODIES = {"bulk": DOCUMENT, "hec": b'{"event":"x"}', "otlp": RECORD}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def step(fresh: World) -> Iterator[Doorstep]:
    with doorstep(fresh) as made:
        yield made


@pytest.mark.parametrize("door", PATHS)
def test_a_door_is_not_there_until_it_is_opened(fresh: World, door: str) -> None:
    with doorstep(fresh, frozenset()) as closed:
        token = closed.sender(door)
        assert closed.ask("POST", PATHS[door], token, content=BODIES[door], headers=JSON).status_code == 404
        assert not closed.kept()


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_what_a_program_asks_at_its_start_is_answered(step: Doorstep, path: Path) -> None:
    token = step.sender("bulk")
    datasets: list[str] = []
    for each in yaml.safe_load(path.read_text("utf-8")):
        body, headers = str(each.get("body", "")).encode(), {"Content-Type": "application/x-ndjson"}
        if each.get("gzip"):
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        answer = step.ask(each["method"], each["path"], token, content=body, headers=headers)
        assert answer.status_code == each["status"], f"{each['method']} {each['path']}: {answer.text}"
        assert answer.headers["X-Elastic-Product"] == "Elasticsearch"
        assert holds(answer.json() if "json" in each else {}, each.get("json", {})), answer.text
        datasets += each.get("datasets", [])
    assert [entry.event.dataset for entry in step.kept()] == datasets


def holds(found: Any, wanted: Any) -> bool:
    """Return whether all that is wanted is in what was found."""
    if isinstance(wanted, dict):
        return all(name in found and holds(found[name], value) for name, value in wanted.items())
    return bool(found == wanted)


@pytest.mark.parametrize(
    "header",
    [
        lambda token: basic(token),
        lambda token: f"Bearer {token}",
        lambda token: f"Splunk {token}",
        lambda token: f"ApiKey {token}",
        lambda token: "ApiKey " + base64.b64encode(f"s-1:{token}".encode()).decode(),
    ],
)
@pytest.mark.parametrize("door", PATHS)
def test_a_token_is_taken_in_every_form_that_clients_know(step: Doorstep, door: str, header: Any) -> None:
    headers = {"Authorization": header(step.sender(door)), **JSON}
    assert step.ask("POST", PATHS[door], content=BODIES[door], headers=headers).status_code == 200


@pytest.mark.parametrize("door", PATHS)
def test_nobody_comes_in_without_a_token_of_this_door(step: Doorstep, door: str) -> None:
    other = step.sender("otlp" if door != "otlp" else "hec")
    for headers in (
        {},
        {"Authorization": "Basic %%%"},
        {"Authorization": basic("guess")},
        {"Authorization": basic(other)},
    ):
        answer = step.ask("POST", PATHS[door], content=BODIES[door], headers={**JSON, **headers})
        # Splunk says 403 to a token that it does not know.
        assert answer.status_code in ((401, 403) if door == "hec" else (401,))
    # A collector's secret opens no door of others, nor a sender's token that of collectors.
    assert step.ask("POST", PATHS[door], step.world.things[OURS].secret, content=BODIES[door]).status_code in (401, 403)
    said = {"Authorization": f"Bearer {other}", "Sentinel-Epoch": "0" * 32, "Sentinel-First": "1"}
    assert step.ask("POST", "/api/v1/events", content=b"{}", headers=said).status_code == 401
    assert not step.kept()
    assert step.world.services.doorway.statistics[door, "unknown_sender"] == 5


def test_whatever_a_document_says_it_belongs_to_the_senders_agency(step: Doorstep) -> None:
    document = {"message": "x", "organization": {"id": OURS}, "agent": {"id": "c-1"}}
    body = b'{"create":{"_index":"%s"}}\n' % OURS.encode() + json.dumps(document).encode() + b"\n"
    step.ask("POST", "/_bulk", step.sender("bulk", THEIRS), content=body)
    assert [entry.agency for entry in step.kept()] == [THEIRS]


BSD = "Nov 23 15:04:05 web01 sshd[12]: Failed password for root from 203.0.113.9 port 1 ssh2"


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("bulk", '{"create":{}}\n{"event.dataset":"linux.auth","message":"%s"}\n'),
        ("bulk", '{"create":{}}\n{"event":{"dataset":"linux.auth","timezone":"+07:00"},"message":"%s"}\n'),
        ("hec", '{"sourcetype":"linux_secure","event":"%s"}'),
        (
            "otlp",
            '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"%s"},'
            '"attributes":[{"key":"event.dataset","value":{"stringValue":"linux.auth"}}]}]}]}]}',
        ),
    ],
)
def test_a_time_without_a_zone_is_one_of_the_place(step: Doorstep, door: str, body: str) -> None:
    token = step.sender(door)
    assert step.ask("POST", PATHS[door], token, content=body.replace("%s", BSD), headers=JSON).status_code == 200
    (entry,) = step.kept()
    seen = replace(entry.event, seen_at=from_text("2026-11-23T09:00:00.000000Z"))
    record = normalise(seen, agency=OURS, received_at="2026-11-23T09:00:00.000000Z")
    assert record.fields["@timestamp"] == "2026-11-23T08:04:05.000000Z"


def test_a_browser_at_the_same_address_gets_the_console(step: Doorstep) -> None:
    answer = step.ask("GET", "/")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/alerts"
    assert step.ask("GET", "/", basic("guess")).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/logs-*/_search"),
        ("GET", "/_search"),
        ("DELETE", "/_index_template/x"),
        ("POST", "/my-index/_doc"),
        ("GET", "/_cat/indices"),
        ("PUT", "/_cluster/settings"),
    ],
)
def test_the_door_does_nothing_else_and_says_so(step: Doorstep, method: str, path: str) -> None:
    answer = step.ask(method, path, step.sender("bulk"))
    assert answer.status_code == 400
    assert "only takes documents" in answer.json()["error"]["reason"]


def test_acknowledgement_ids_are_true_once_given(step: Doorstep) -> None:
    token = step.sender("hec")
    channel = {"X-Splunk-Request-Channel": "0e7a5a8c-0000-4000-8000-000000000001"}
    first = step.ask("POST", EVENT, token, content=BODIES["hec"], headers=channel)
    second = step.ask("POST", "/services/collector/raw", token, content=b"y", headers=channel)
    assert [first.json()["ackId"], second.json()["ackId"]] == [0, 1]
    asked = step.ask("POST", "/services/collector/ack", token, json={"acks": [0, 1, 2]}, headers=channel)
    assert asked.json() == {"acks": {"0": True, "1": True, "2": False}}
    assert [entry.event.raw for entry in step.kept()] == ["x", "y"]
    ack = "/services/collector/ack"
    assert step.ask("POST", ack, token, json={"acks": [0]}).json()["code"] == 10
    assert step.ask("POST", ack, token, content=b"[", headers=channel).json()["code"] == 6
    assert step.ask("POST", ack, step.sender("bulk"), json={}, headers=channel).json()["code"] == 4
    no_channel = {"X-Splunk-Request-Channel": "../"}
    assert step.ask("POST", EVENT, token, content=b"{}", headers=no_channel).json()["code"] == 11
    assert "ackId" not in step.ask("POST", EVENT, token, content=BODIES["hec"]).json()


def test_the_collectors_health_needs_no_token(step: Doorstep) -> None:
    assert step.ask("GET", "/services/collector/health").json() == {"text": "HEC is healthy", "code": 17}


class Full(LocalJournal):
    """A journal that takes nothing."""

    def append(self, batch: Batch) -> int:
        raise UnavailableError("the journal is full")


@pytest.mark.parametrize("door", PATHS)
def test_a_full_journal_is_said_with_a_time_to_come_again(
    step: Doorstep, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = step.sender(door)
    with monkeypatch.context() as patch:
        patch.setattr(LocalJournal, "append", Full.append)
        answer = step.ask("POST", PATHS[door], token, content=BODIES[door], headers=JSON)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert step.ask("POST", PATHS[door], token, content=BODIES[door], headers=JSON).status_code == 200
    assert len(step.kept()) == 1


@pytest.mark.parametrize("door", ["bulk", "hec"])
def test_who_goes_too_fast_is_told_when_to_come_again(step: Doorstep, door: str) -> None:
    token = step.sender(door, events_per_second=1)
    many = BODIES[door] * 30
    assert step.ask("POST", PATHS[door], token, content=many).status_code == 200
    answer = step.ask("POST", PATHS[door], token, content=BODIES[door])
    assert answer.status_code == 429
    assert 15 <= int(answer.headers["Retry-After"]) <= 20
    assert len(step.kept()) == 30


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.compress), ("", bytes)],
)
def test_bodies_may_be_packed_and_bombs_do_no_harm(step: Doorstep, encoding: str, pack: Any) -> None:
    token = step.sender("bulk", body_bytes=1_000_000)
    headers = {"Content-Encoding": encoding} if encoding else {}
    assert step.ask("POST", "/_bulk", token, content=pack(DOCUMENT), headers=headers).status_code == 200
    bomb = pack(DOCUMENT + b" " * 1_000_001)
    answer = step.ask("POST", "/_bulk", token, content=bomb, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["status"] == 413
    cut = step.ask("POST", "/_bulk", token, content=pack(DOCUMENT)[:-4], headers=headers)
    assert cut.status_code == (400 if encoding else 200)
    assert step.ask("POST", "/_bulk", token, content=b"x", headers={"Content-Encoding": "br"}).status_code == 415
    reasons = {counter.reason for counter in step.world.services.receiver.counters(frozenset({OURS}))}
    assert {"too_large", "bad_request"} <= reasons


def test_a_request_that_comes_again_in_another_order_has_the_same_keys(step: Doorstep) -> None:
    token = step.sender("bulk")
    rows = [b'{"@timestamp":"2026-11-23T08:00:00Z","message":"%d"}' % (number // 2) for number in range(6)]

    def send(documents: list[bytes]) -> None:
        content = b"".join(b'{"create":{}}\n' + row + b"\n" for row in documents)
        assert step.ask("POST", "/_bulk", token, content=content).status_code == 200

    send(rows)
    send(rows[::-1])
    keys = [entry.event.key for entry in step.kept()]
    assert len(set(keys[:6])) == 6
    assert set(keys[:6]) == set(keys[6:])


def test_faults_of_items_are_counted_for_the_sender(step: Doorstep) -> None:
    token = step.sender("bulk")
    body = b'{"create":{}}\n{broken\n{"delete":{"_id":"1"}}\n' + DOCUMENT
    found = step.ask("POST", "/_bulk", token, content=body).json()
    assert [item["status"] for each in found["items"] for item in each.values()] == [400, 403, 201]
    counted = {each.reason: each.count for each in step.world.services.receiver.counters(frozenset({OURS}))}
    assert (counted["bad_item"], counted["refused_item"]) == (1, 1)
    assert not [
        each for each in step.world.services.receiver.counters(frozenset({THEIRS})) if each.reason == "bad_item"
    ]


@pytest.mark.parametrize(("agency", "is_seen"), [(OURS, True), (THEIRS, False)])
def test_the_console_lists_senders_of_ones_own_agencies(step: Doorstep, agency: str, is_seen: bool) -> None:
    token = step.sender("bulk", name="<Filebeat của sở>")
    step.ask("POST", "/_bulk", token, content=b'{"create":{}}\n{broken\n' + DOCUMENT)
    person = step.world.people[Role.OPERATOR, agency]
    with browsers(create_app(step.world.services)) as made:
        text = made.of(person).get("/collectors").text
    assert ("&lt;Filebeat của sở&gt;" in text) is is_seen
    assert ("<code>bad_item</code> 1" in text) is is_seen
    assert token not in text
