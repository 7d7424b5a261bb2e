"""The rules page: what fires is on top, a state is changed with a reason, and every reader sees their own part."""

import pytest

from sentinel.model.match import Match
from sentinel.model.moment import now, to_text
from sentinel.model.principal import Role
from sentinel.model.record import Record
from sentinel.model.rule_state import RuleState
from sentinel.rulebook.sieve import Sieve
from tests.web import scene
from tests.web.browser import Browsers
from tests.web.world import CITY, OURS, THEIRS, World

SHELL, BULK = scene.RULES["shell"], scene.RULES["bulk"]


def fire(world: World, agency: str, count: int = 3) -> list[tuple[Match, Record]]:
    """Let the rule about shells match in an agency, as the pipeline would tell it."""
    at = to_text(now())
    records = [Record(f"{agency}{number}", {"organization.id": agency, "@timestamp": at}) for number in range(count)]
    found = [(Match(SHELL, record.id, at, ()), record) for record in records]
    behind = world.services
    sieve = Sieve(world.engine, behind.rule_states, behind.rule_counters)
    with world.engine.begin() as connection:
        counted = behind.rule_counters.position(connection)
    return sieve.sift(found, [counted + number for number in range(count)], counted + count)


def test_a_rule_in_shadow_is_counted_apart_and_shown_with_its_reason(fresh: World, actors: Browsers) -> None:
    admin = actors.of(fresh.people[Role.ADMINISTRATOR, OURS])
    assert len(fire(fresh, OURS)) == 3
    body = {"state": "shadow", "agency": "", "why": "máy quét của phòng <b>IT</b>"}
    headers = {"X-CSRF-Token": admin.csrf("/")}
    answer = admin.request("PUT", f"/api/v1/rules/{SHELL.id}/state", json=body, headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (200, "shadow")
    assert fire(fresh, OURS) == []
    assert len(fire(fresh, THEIRS)) == 3
    work = admin.get(f"/api/v1/rules/{SHELL.id}").json()["work"]
    assert (work["matches_24h"], work["hidden_24h"]) == (3, 3)
    page = admin.get(f"/rules/{SHELL.id}").text
    assert "máy quét của phòng &lt;b&gt;IT&lt;/b&gt;" in page
    assert "Chạy ẩn" in page
    assert actors.of(fresh.people[Role.OPERATOR, THEIRS]).get(f"/api/v1/rules/{SHELL.id}").json()["state"] == "enabled"
    assert "máy quét" not in actors.of(fresh.people[Role.OPERATOR, THEIRS]).get(f"/rules/{SHELL.id}").text


def test_the_busiest_rule_is_on_top_and_the_filter_finds_rules(fresh: World, actors: Browsers) -> None:
    fire(fresh, OURS)
    reader = actors.of(fresh.people[Role.OPERATOR, OURS])
    listed = reader.get("/api/v1/rules").json()
    assert listed["rules"][0]["id"] == SHELL.id
    assert listed["total"] == listed["loaded"] == len(scene.RULES)
    found = reader.get("/api/v1/rules", params={"text": "nhiều CÔNG dân"}).json()["rules"]
    assert [each["id"] for each in found] == [BULK.id]
    assert reader.get("/api/v1/rules", params={"state": "disabled"}).json()["total"] == 0
    page = reader.get("/rules?state=shadow&text=x").text
    assert "Không có quy tắc nào phù hợp" in page


def test_the_form_changes_the_state_and_says_so(fresh: World, actors: Browsers) -> None:
    admin = actors.of(fresh.people[Role.ADMINISTRATOR, CITY])
    page = f"/rules/{SHELL.id}"
    fields = {"state": "disabled", "agency": CITY, "why": "sai", "csrf": admin.csrf(page)}
    answer = admin.post(f"{page}/state", data=fields)
    assert answer.headers["location"] == f"{page}?done=rule-state"
    assert "Đã đổi trạng thái của quy tắc." in admin.get(answer.headers["location"]).text
    assert fresh.services.rule_states.states([SHELL], OURS)[SHELL.id] is RuleState.DISABLED
    entry = fresh.services.audit.entries(0, 1, newest_first=True)[0]
    assert (entry.actor, entry.action, entry.why) == ("administrator.city", "rule.disabled", "sai")


@pytest.mark.parametrize("wrong", [{"state": "on"}, {"why": " "}, {"state": ""}])
def test_a_wrong_change_is_refused(fresh: World, actors: Browsers, wrong: dict[str, str]) -> None:
    admin = actors.of(fresh.people[Role.ADMINISTRATOR, CITY])
    fields = {"state": "disabled", "agency": CITY, "why": "sai", "csrf": admin.csrf("/")} | wrong
    assert admin.post(f"/rules/{SHELL.id}/state", data=fields).status_code == 400
    assert fresh.services.rule_states.states([SHELL], OURS)[SHELL.id] is RuleState.ENABLED


def test_an_agency_cannot_switch_on_what_the_city_switched_off(fresh: World, actors: Browsers) -> None:
    city = fresh.people[Role.ADMINISTRATOR, CITY]
    fresh.services.rule_states.decide(city, SHELL, CITY, RuleState.DISABLED, "sai")
    admin = actors.of(fresh.people[Role.ADMINISTRATOR, OURS])
    body, headers = {"state": "enabled", "why": "muốn"}, {"X-CSRF-Token": admin.csrf("/")}
    answer = admin.request("PUT", f"/api/v1/rules/{SHELL.id}/state", json=body, headers=headers)
    assert answer.status_code == 403
    assert "may loosen" in answer.json()["error"]


def test_an_alert_shows_what_to_look_at_first_in_the_readers_language(world: World, readers: Browsers) -> None:
    page = readers.of(world.people[Role.OPERATOR, OURS]).get(f"/alerts/{world.things[OURS].alert}").text
    assert "Xem tiến trình cha trước" in page
    assert "Quản trị viên chạy lệnh tay" in page
    answer = readers.of(world.people[Role.OPERATOR, OURS]).get(f"/api/v1/rules/{SHELL.id}").json()
    assert answer["triage"] == "Look at the parent process first."
