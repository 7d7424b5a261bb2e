"""Promises of hunts through the API: begun by operators, bound to their agencies, run in the background."""

from sentinel.model.principal import Role
from tests.waiting import until
from tests.web.browser import Browsers
from tests.web.world import OURS, World


def test_a_hunt_without_rules_is_refused(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.OPERATOR, OURS])
    answer = browser.post("/api/v1/hunts", json={}, headers={"X-CSRF-Token": browser.csrf("/")})
    assert answer.status_code == 400
    assert "no rule to hunt with" in answer.json()["error"]


def test_an_auditor_begins_no_hunt(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.AUDITOR, OURS])
    answer = browser.post("/api/v1/hunts", json={}, headers={"X-CSRF-Token": browser.csrf("/")})
    assert answer.status_code == 403


def test_a_hunt_goes_on_in_the_background_to_its_end(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.OPERATOR, OURS])
    hunt = world.things[OURS].hunt
    answer = browser.post(f"/api/v1/hunts/{hunt}/resume", headers={"X-CSRF-Token": browser.csrf("/")})
    assert answer.status_code == 202
    until(lambda: browser.get(f"/api/v1/hunts/{hunt}").json()["state"] == "done")
    again = browser.post(f"/api/v1/hunts/{hunt}/alerts", headers={"X-CSRF-Token": browser.csrf("/")})
    assert again.json() == {"alerts": 0}
