"""Coming in by password or link, and going out."""

import pytest

from sentinel.model.principal import Role
from sentinel.web.visitor import SESSION
from tests.web.browser import Browsers
from tests.web.world import OURS, PASSWORD, World


def test_the_session_cookie_belongs_to_this_host_and_no_script(fresh: World, actors: Browsers) -> None:
    browser = actors.stranger()
    form = {"name": fresh.people[Role.OPERATOR, OURS].name, "password": PASSWORD, "csrf": browser.csrf()}
    answer = browser.post("/sign-in", data={**form, "next": "/search?q=x"})
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith(SESSION + "="))
    for attribute in ("Secure", "HttpOnly", "SameSite=strict", "Path=/", "Max-Age="):
        assert attribute in cookie
    assert "Domain" not in cookie
    assert answer.headers["location"] == "/search?q=x"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "/\n/evil.test", "evil"]
)
def test_signing_in_leads_to_no_other_site(fresh: World, actors: Browsers, elsewhere: str) -> None:
    browser = actors.stranger()
    form = {"name": fresh.people[Role.OPERATOR, OURS].name, "password": PASSWORD, "csrf": browser.csrf()}
    assert browser.post("/sign-in", data={**form, "next": elsewhere}).headers["location"] == "/"


def test_a_wrong_password_is_told_in_the_readers_language(fresh: World, actors: Browsers) -> None:
    browser = actors.stranger()
    form = {"name": "somebody", "password": "wrong", "csrf": browser.csrf()}
    answer = browser.post("/sign-in", data=form)
    assert answer.status_code == 403
    assert "Tên đăng nhập hoặc mật khẩu không đúng" in answer.text
    assert 'value="somebody"' in answer.text
    assert "wrong" not in answer.text.replace("wrong here", "")


def test_too_many_tries_say_when_to_try_again(fresh: World, actors: Browsers) -> None:
    browser = actors.stranger()
    for _ in range(6):
        answer = browser.post("/sign-in", data={"name": "somebody", "password": "wrong", "csrf": browser.csrf()})
    assert answer.status_code == 403
    assert "Tên đăng nhập hoặc mật khẩu không đúng" not in answer.text


def test_looking_at_a_link_does_not_use_it_up(fresh: World, actors: Browsers) -> None:
    person = fresh.people[Role.OPERATOR, OURS]
    token = fresh.services.sign_in.make_link(person.id, actor="test")
    scanner = actors.stranger()
    for _ in range(2):
        assert "/sign-in/link" in scanner.get(f"/sign-in/link?token={token}").text
    browser = actors.stranger()
    csrf = browser.csrf(f"/sign-in/link?token={token}")
    assert browser.post("/sign-in/link", data={"token": token, "csrf": csrf}).headers["location"] == "/"
    assert person.name in browser.get("/alerts").text
    again = scanner.post("/sign-in/link", data={"token": token, "csrf": scanner.csrf()})
    assert again.status_code == 403
    assert "đã được dùng" in again.text


def test_signing_out_ends_the_session_on_the_server(fresh: World, actors: Browsers) -> None:
    browser = actors.stranger().sign_in(fresh.people[Role.OPERATOR, OURS])
    kept = browser.client.cookies[SESSION]
    assert browser.send("/sign-out").headers["location"] == "/sign-in"
    thief = actors.stranger()
    thief.client.cookies.set(SESSION, kept)
    assert thief.get("/alerts").status_code == 303


def test_a_program_signs_in_with_a_link_and_gets_its_token(fresh: World, actors: Browsers) -> None:
    token = fresh.services.sign_in.make_link(fresh.people[Role.OPERATOR, OURS].id, actor="test")
    program = actors.stranger()
    begun = program.post("/api/v1/session", json={"token": token})
    assert program.get("/api/v1/session").json()["csrf"] == begun.json()["csrf"]
    assert actors.stranger().post("/api/v1/session", json={"token": token}).status_code == 403
    other_site = {"Sec-Fetch-Site": "cross-site"}
    assert actors.stranger().post("/api/v1/session", json={"token": token}, headers=other_site).status_code == 403


def test_the_page_somebody_wanted_is_where_sign_in_leads(actors: Browsers) -> None:
    answer = actors.stranger().get("/search?q=a&range=1h")
    assert answer.headers["location"] == "/sign-in?next=%2Fsearch%3Fq%3Da%26range%3D1h"
