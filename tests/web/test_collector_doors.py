"""The doors of collectors: enrolment, batches, status, commands."""

import base64
import gzip
import hashlib
import secrets
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sentinel.event import MAX_BATCH_BYTES, Event, encode_batch
from sentinel.model.moment import now, to_text
from sentinel.model.principal import Role
from tests.waiting import until
from tests.web import scene
from tests.web.browser import Browser, Browsers
from tests.web.world import CA_PEM, CITY, OURS, World

EPOCH = "0" * 32


def batch(first: int, count: int) -> bytes:
    return encode_batch(
        Event(collector="", epoch=EPOCH, sequence=n, dataset="linux.auth", host="h", seen_at=now(), raw=f"line {n}")
        for n in range(first, first + count)
    )


def headers(world: World, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.things[OURS].secret}", **more}


def send(browser: Browser, world: World, first: int, body: bytes, encoding: str = "identity") -> httpx.Response:
    said = {"Sentinel-Epoch": EPOCH, "Sentinel-First": str(first), "Content-Encoding": encoding}
    return browser.post("/api/v1/events", content=body, headers=headers(world, **said))


def test_a_collector_enrols_once_and_a_lost_answer_is_given_again(fresh: World, actors: Browsers) -> None:
    token = fresh.services.enrolment.make_token(
        agency=OURS, name="new", actor="test", url="https://sentinel.test", ca_fingerprint="0" * 64
    )
    secret = secrets.token_urlsafe(32)
    body = {
        "secret": scene.secret_of(token),
        "secret_hash": hashlib.sha256(secret.encode()).hexdigest(),
        "host": "pc-01",
        "version": "0.1.0",
        "can_respond": False,
    }
    browser = actors.stranger()
    first = browser.post("/api/v1/enrol", json=body)
    assert first.json()["agency"] == OURS
    assert base64.b64decode(first.json()["command_key"]) == fresh.services.command_key
    assert browser.post("/api/v1/enrol", json=body).json() == first.json()
    assert browser.post("/api/v1/enrol", json=body | {"secret_hash": "1" * 64}).status_code in (403, 409)
    assert browser.post("/api/v1/enrol", json=body | {"more": 1}).status_code == 400
    said = {"Authorization": f"Bearer {secret}"}
    assert browser.post("/api/v1/status", json={}, headers=said).json() == {}


def test_the_ca_is_given_to_everybody(readers: Browsers) -> None:
    assert readers.stranger().get("/api/v1/ca").content == CA_PEM


def test_a_batch_is_acknowledged_and_the_pipeline_woken(fresh: World, actors: Browsers) -> None:
    answer = send(actors.stranger(), fresh, 1, batch(1, 3))
    assert answer.json() == {"acknowledged": 3}
    assert fresh.services.wake.is_set()
    assert len(fresh.journal.read(0, 10)) == 3
    assert send(actors.stranger(), fresh, 1, gzip.compress(batch(1, 5)), "gzip").json() == {"acknowledged": 5}
    assert len(fresh.journal.read(0, 10)) == 5


def test_a_gap_is_answered_with_what_is_expected(fresh: World, actors: Browsers) -> None:
    answer = send(actors.stranger(), fresh, 7, batch(7, 1))
    assert answer.status_code == 409
    assert answer.json()["expected"] == 1


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("br", b"x", 415),
        ("gzip", b"no gzip", 400),
        ("zstd", b"no zstd", 400),
        ("identity", b"", 400),
        ("gzip", gzip.compress(b"0" * 64_000_000), 413),
    ],
)
def test_a_broken_batch_is_refused_with_a_sentence(
    fresh: World, actors: Browsers, encoding: str, body: bytes, status: int
) -> None:
    answer = send(actors.stranger(), fresh, 1, body, encoding)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert send(actors.stranger(), fresh, 1, batch(1, 1)).json() == {"acknowledged": 1}


def test_the_head_of_a_batch_must_be_right(fresh: World, actors: Browsers) -> None:
    for wrong in ({"Sentinel-First": "0"}, {"Sentinel-First": "x"}, {"Sentinel-Epoch": "../.."}, {}):
        said = headers(fresh, **{"Sentinel-Epoch": EPOCH, "Sentinel-First": "1"} | wrong) if wrong else headers(fresh)
        answer = actors.stranger().post("/api/v1/events", content=batch(1, 1), headers=said)
        assert answer.status_code == 400
        assert "error" in answer.json()


def test_whatever_is_refused_is_counted(fresh: World, actors: Browsers) -> None:
    stranger = actors.stranger()
    for wrong in ({"Sentinel-First": "x"}, {"Sentinel-First": "9" * 5000}, {"Content-Encoding": "br"}):
        said = headers(fresh, **{"Sentinel-Epoch": EPOCH, "Sentinel-First": "1"} | wrong)
        stranger.post("/api/v1/events", content=batch(1, 1), headers=said)
    assert send(stranger, fresh, 1, b"x" * (MAX_BATCH_BYTES + 1)).status_code == 413
    for proof in ("", "Bearer guess", "Basic Og==", "Bearer " + "x" * 5000):
        said = headers(fresh) | {"Authorization": proof}
        assert stranger.post("/api/v1/events", content=batch(1, 1), headers=said).status_code == 401
    counted = {each.reason: each.count for each in fresh.services.receiver.counters(frozenset({OURS}))}
    assert (counted["bad_batch"], counted["too_large"]) == (3, 1)
    assert fresh.services.doorway.statistics["own", "unknown_sender"] == 4


def test_a_revoked_collector_is_turned_away(fresh: World, actors: Browsers) -> None:
    admin = fresh.people[Role.ADMINISTRATOR, CITY]
    fresh.services.identities.revoke(admin, fresh.things[OURS].collector, "stolen")
    assert send(actors.stranger(), fresh, 1, batch(1, 1)).status_code == 401


def test_a_status_is_bounded_and_a_collector_speaks_for_itself_only(fresh: World, actors: Browsers) -> None:
    def report(body: Any) -> int:
        return actors.stranger().post("/api/v1/status", json=body, headers=headers(fresh)).status_code

    assert report({"drops": 7}) == 200
    assert report([]) == 400
    assert report({str(n): n for n in range(500)}) == 400
    found = fresh.services.identities.get(frozenset({OURS}), fresh.things[OURS].collector)
    assert found is not None
    assert found.status == {"drops": 7}
    other = next(one for one in fresh.things.values() if one.mark != fresh.things[OURS].mark)
    untouched = fresh.services.identities.get(frozenset(fresh.things), other.collector)
    assert untouched is not None
    assert untouched.status["drops"] == 0


def approve(world: World) -> None:
    things = world.things[OURS]
    world.services.runs.decide(world.people[Role.RESPONDER, OURS], things.approval, approved=True, note="", now=now())
    world.services.runs.work(now())


def test_a_command_reaches_a_waiting_collector_at_once_and_holds_no_thread(fresh: World, actors: Browsers) -> None:
    answers: list[httpx.Response] = []
    waiting = [
        threading.Thread(
            target=lambda: answers.append(actors.stranger().get("/api/v1/commands?wait=50", headers=headers(fresh)))
        )
        for _ in range(60)
    ]
    for thread in waiting:
        thread.start()
    until(lambda: fresh.services.bell.listeners == 60, what="all collectors wait")
    began = now()
    approve(fresh)
    for thread in waiting:
        thread.join(timeout=20)
    assert now() - began < timedelta(seconds=20)
    assert [len(answer.json()["commands"]) for answer in answers] == [1] * 60
    assert fresh.services.bell.listeners == 0


def test_waiting_collectors_are_let_go_when_the_server_stops(fresh: World, actors: Browsers) -> None:
    answers: list[httpx.Response] = []
    waiting = threading.Thread(
        target=lambda: answers.append(actors.stranger().get("/api/v1/commands?wait=50", headers=headers(fresh)))
    )
    waiting.start()
    until(lambda: fresh.services.bell.listeners == 1, what="the collector waits")
    fresh.services.bell.close()
    waiting.join(timeout=20)
    assert answers[0].json() == {"commands": []}


def test_nothing_to_do_is_answered_when_the_wait_is_over(fresh: World, actors: Browsers) -> None:
    answer = actors.stranger().get("/api/v1/commands?wait=0.1", headers=headers(fresh))
    assert answer.json() == {"commands": []}


def test_a_report_moves_the_run_and_only_the_addressed_may_report(fresh: World, actors: Browsers) -> None:
    approve(fresh)
    command = actors.stranger().get("/api/v1/commands", headers=headers(fresh)).json()["commands"][0]
    path = f"/api/v1/commands/{scene.command_id(command)}/reports"
    told = {"state": "verified", "at": to_text(now()), "detail": "gone"}
    other = next(one for one in fresh.things.values() if one.mark != fresh.things[OURS].mark)
    foreign = actors.stranger().post(path, json=told, headers={"Authorization": f"Bearer {other.secret}"})
    assert foreign.status_code in (400, 404)
    assert actors.stranger().post(path, json={"state": "excellent"}, headers=headers(fresh)).status_code == 400
    fresh.services.wake_runs.clear()
    for _ in range(2):
        assert actors.stranger().post(path, json=told, headers=headers(fresh)).json() == {}
    assert fresh.services.wake_runs.is_set()
    fresh.services.runs.work(now())
    run = fresh.services.runs.get(frozenset({OURS}), fresh.things[OURS].run)
    assert run is not None
    assert run.state == "done"


@pytest.mark.parametrize(
    "content",
    [b'{"drops": NaN}', b'{"drops": 1e999}', b'{"drops": ' + b'{"a":' * 400 + b"1" + b"}" * 400 + b"}"],
    ids=["not a number", "infinity", "depth"],
)
def test_no_status_keeps_others_from_seeing_the_collectors(fresh: World, actors: Browsers, content: bytes) -> None:
    said = headers(fresh, **{"Content-Type": "application/json"})
    assert actors.stranger().post("/api/v1/status", content=content, headers=said).status_code == 400
    reader = actors.of(fresh.people[Role.OPERATOR, CITY])
    assert reader.get("/api/v1/collectors").status_code == 200
    assert reader.get("/collectors").status_code == 200
