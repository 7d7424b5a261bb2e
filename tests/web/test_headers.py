"""No answer leaves without its security headers, whatever it answers."""

import pytest
from fastapi import FastAPI

from sentinel.model.principal import Role
from sentinel.web.app import create_app
from sentinel.web.headers import ALWAYS
from tests.web.browser import Browsers, browsers
from tests.web.routes import path_of, promised
from tests.web.world import OURS, World

EXTRA = [("GET", "/nothing"), ("GET", "/api/v1/nothing"), ("PUT", "/alerts"), ("GET", "/static/nothing.css")]


@pytest.mark.parametrize(("method", "route"), sorted(promised()) + EXTRA)
def test_every_answer_carries_the_headers(world: World, readers: Browsers, method: str, route: str) -> None:
    path = path_of(route.replace("{command_id}", "0"), world.things[OURS])
    for browser in (readers.stranger(), readers.of(world.people[Role.AUDITOR, OURS])):
        answer = browser.request(method, path)
        for name, value in ALWAYS.items():
            assert answer.headers[name] == value
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = dict(part.split(" ", 1) for part in ALWAYS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in ALWAYS["Content-Security-Policy"]


def test_static_files_may_be_kept_only_by_their_digest(readers: Browsers) -> None:
    assert "immutable" in readers.stranger().get("/static/parts.css?v=0123").headers["Cache-Control"]
    assert readers.stranger().get("/static/parts.css").headers["Cache-Control"] == "no-store"
    assert readers.stranger().get("/static/nothing.css?v=0123").headers["Cache-Control"] == "no-store"


def failing(world: World) -> FastAPI:
    app = create_app(world.services)

    @app.get("/api/fails")
    def fails() -> None:
        raise ZeroDivisionError("a secret detail")

    app.add_api_route("/fails", fails)
    return app


@pytest.mark.parametrize("path", ["/fails", "/api/fails"])
def test_a_fault_nobody_foresaw_is_answered_without_details(world: World, path: str) -> None:
    with browsers(failing(world)) as made:
        answer = made.stranger().get(path)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    for name, value in ALWAYS.items():
        assert answer.headers[name] == value


def test_unknown_places_answer_in_the_form_of_their_reader(readers: Browsers) -> None:
    assert readers.stranger().get("/api/v1/nothing").json() == {"error": "Not Found"}
    page = readers.stranger().get("/nothing")
    assert page.status_code == 404
    assert "Không tìm thấy" in page.text
    assert readers.stranger().request("DELETE", "/alerts").status_code == 405


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/status"])
def test_a_body_that_is_too_long_is_refused_before_it_is_read(readers: Browsers, path: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = readers.stranger().post(path, content=b"x" * 1_000_001, headers=headers)
    assert answer.status_code == 413


def test_a_long_body_without_a_length_is_refused_too(world: World, readers: Browsers) -> None:
    async def stream() -> object:
        for _ in range(30):
            yield b"csrf=" + b"x" * 10_000

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert readers.stranger().post("/sign-in", content=stream(), headers=headers).status_code == 413


def test_no_documentation_pages_are_served(readers: Browsers) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert readers.stranger().get(path).status_code == 404
