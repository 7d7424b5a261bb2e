"""Every route for every role of every agency: nobody sees or changes what is not theirs."""

import itertools

import pytest

from sentinel.model.principal import Role
from tests.web.browser import Browsers
from tests.web.routes import CHANGE, CITY_ONLY, COLLECTORS, READ, STRANGERS_FORMS, is_api, path_of, promised, served
from tests.web.world import OURS, THEIRS, Things, World

MISSING = Things(*["nothing" if name == "mark" else "0" * 32 for name in Things.__dataclass_fields__])
PEOPLE = list(itertools.product(Role, (OURS, THEIRS)))


def test_no_route_is_forgotten(readers: Browsers) -> None:
    assert served(readers.app) == promised(), "say in tests/web/routes.py what is promised of the route"


@pytest.mark.parametrize(("role", "agency"), PEOPLE)
@pytest.mark.parametrize("route", READ)
def test_a_reader_sees_what_is_theirs_and_nothing_else(
    world: World, readers: Browsers, route: str, role: Role, agency: str
) -> None:
    own = world.things[agency]
    other = world.things[THEIRS if agency == OURS else OURS]
    promise = READ[route]
    answer = readers.of(world.people[role, agency]).get(path_of(route + promise.query, own))
    if promise.needs and not role.includes(promise.needs):
        assert answer.status_code == 403
        return
    assert answer.status_code == 200, answer.text
    if READ[route].shows_things:
        assert any(one in answer.text for one in (own.mark, own.collector, own.incident))
    for secret in (other.mark, other.alert, other.incident, other.collector, other.run):
        assert secret not in answer.text


@pytest.mark.parametrize("route", [route for route, kept in READ.items() if "{" in route and not kept.is_shared])
def test_an_id_of_another_agency_is_as_unknown_as_one_that_does_not_exist(
    world: World, readers: Browsers, route: str
) -> None:
    browser = readers.of(world.people[Role.ADMINISTRATOR, OURS])
    foreign = browser.get(path_of(route, world.things[THEIRS]))
    missing = browser.get(path_of(route, MISSING))
    assert foreign.status_code == missing.status_code == 404
    if is_api(route):
        assert foreign.json() == missing.json()
    else:
        assert "Không tìm thấy" in foreign.text
        assert "Không tìm thấy" in missing.text


@pytest.mark.parametrize("route", READ)
def test_a_city_reader_sees_both_agencies(world: World, readers: Browsers, route: str) -> None:
    for agency in (OURS, THEIRS):
        things = world.things[agency]
        path = path_of(route + READ[route].query, things)
        answer = readers.of(world.people[Role.ADMINISTRATOR, "city"]).get(path)
        assert answer.status_code == 200
        if READ[route].shows_things:
            assert any(one in answer.text for one in (things.mark, things.collector, things.incident))


@pytest.mark.parametrize("route", READ)
def test_nobody_reads_without_a_session(world: World, readers: Browsers, route: str) -> None:
    path = path_of(route + READ[route].query, world.things[OURS])
    for headers in ({}, {"Cookie": "__Host-sentinel=guessed"}):
        answer = readers.stranger().get(path, headers=headers)
        if is_api(route):
            assert answer.status_code == 401
            assert set(answer.json()) == {"error"}
        else:
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?next=%2F")


@pytest.mark.parametrize("route", CHANGE)
def test_a_change_needs_session_token_role_and_scope(world: World, readers: Browsers, route: str) -> None:
    promise, ours, theirs = CHANGE[route], world.things[OURS], world.things[THEIRS]
    assert promise.needs is not None

    def send(role: Role | None, things: Things, *, token: bool = True) -> int:
        browser = readers.of(world.people[role, OURS]) if role else readers.stranger()
        body = {
            name: path_of(value, things) if isinstance(value, str) else value for name, value in promise.body.items()
        }
        csrf = browser.csrf("/") if token else "guessed"
        path = path_of(route, things)
        if is_api(route):
            return browser.request(promise.method, path, json=body, headers={"X-CSRF-Token": csrf}).status_code
        return browser.post(path, data={**body, "csrf": csrf}).status_code

    assert send(None, ours) == (401 if is_api(route) else 303)
    assert send(Role.ADMINISTRATOR, ours, token=False) == 403
    for role in Role:
        if not role.includes(promise.needs):
            assert send(role, ours) == 403
    assert send(Role.ADMINISTRATOR, theirs) == 404
    assert send(Role.ADMINISTRATOR, MISSING) == 404


@pytest.mark.parametrize("route", CHANGE)
def test_a_change_ordered_by_another_site_is_refused(world: World, readers: Browsers, route: str) -> None:
    browser = readers.of(world.people[Role.ADMINISTRATOR, OURS])
    csrf = browser.csrf("/")
    path = path_of(route, world.things[OURS])
    headers = {"Sec-Fetch-Site": "cross-site", "X-CSRF-Token": csrf}
    more = {"json": CHANGE[route].body} if is_api(route) else {"data": {**CHANGE[route].body, "csrf": csrf}}
    assert browser.request(CHANGE[route].method, path, headers=headers, **more).status_code == 403


@pytest.mark.parametrize("route", CITY_ONLY)
def test_what_concerns_the_whole_city_is_for_its_administrators(world: World, readers: Browsers, route: str) -> None:
    def send(role: Role, agency: str, *, site: str = "same-origin") -> int:
        browser = readers.of(world.people[role, agency])
        csrf = browser.csrf("/")
        headers = {"X-CSRF-Token": csrf, "Sec-Fetch-Site": site}
        return browser.post(route, data={"csrf": csrf}, headers=headers).status_code

    assert [send(role, OURS) for role in Role] == [403] * len(Role)
    assert send(Role.AUDITOR, "city") == send(Role.RESPONDER, "city") == 403
    assert send(Role.ADMINISTRATOR, "city", site="cross-site") == 403
    assert not world.services.rules.wanted.is_set()
    assert send(Role.ADMINISTRATOR, "city") == (202 if is_api(route) else 303)
    assert world.services.rules.wanted.is_set()
    world.services.rules.wanted.clear()


@pytest.mark.parametrize("route", STRANGERS_FORMS, ids=lambda route: route[1])
def test_even_the_forms_of_strangers_need_their_token(readers: Browsers, route: tuple[str, str]) -> None:
    browser = readers.stranger()
    assert browser.post(route[1], data=STRANGERS_FORMS[route]).status_code == 403
    browser.csrf()
    assert browser.post(route[1], data={**STRANGERS_FORMS[route], "csrf": "guessed"}).status_code == 403


@pytest.mark.parametrize("route", COLLECTORS, ids=lambda route: route[1])
def test_the_doors_of_collectors_open_by_their_secret_only(
    world: World, readers: Browsers, route: tuple[str, str]
) -> None:
    method, path = route
    headers = {"Sentinel-Epoch": "0" * 32, "Sentinel-First": "1"}
    body = {} if path.endswith("status") else {"state": "verified", "at": "2026-11-23T08:00:00.000000Z"}
    browser = readers.of(world.people[Role.ADMINISTRATOR, OURS])
    for authorization in ("", "Bearer", "Bearer guessed", "Basic YTpi", "Bearer " + "x" * 1000):
        answer = browser.request(method, path, json=body, headers=headers | {"Authorization": authorization})
        assert answer.status_code == 401, authorization
        assert set(answer.json()) == {"error"}


def test_a_collector_reads_nothing_of_people(world: World, readers: Browsers) -> None:
    headers = {"Authorization": f"Bearer {world.things[OURS].secret}"}
    for route in READ:
        path = path_of(route, world.things[OURS])
        assert readers.stranger().get(path, headers=headers).status_code in (303, 401)


def test_an_auditor_changes_nothing_and_an_operator_reads_no_audit_log(world: World, readers: Browsers) -> None:
    assert readers.of(world.people[Role.OPERATOR, OURS]).get("/audit").status_code == 403
    page = readers.of(world.people[Role.AUDITOR, OURS]).get("/alerts").text
    assert 'name="state" value="acknowledged"' not in page
