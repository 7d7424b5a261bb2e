"""nginx.access: what was asked, by whom, and what was answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.record import Fields
from tests.normalise.lines import fields


def read(
    request: str, *, client: str = "10.77.14.21", user: str = "-", status: str = "200", tail: str = ' "-" "-"'
) -> Fields:
    return fields("nginx.access", f'{client} - {user} [23/Nov/2026:23:03:27 +0700] "{request}" {status} 156{tail}')


def test_an_ordinary_line() -> None:
    found = read("GET /tra-cuu?ma=HS-0001&x=%27 HTTP/1.1", tail=' "http://a.example/" "Mozilla/5.0 (X11)"')
    assert found["@timestamp"] == "2026-11-23T16:03:27.000000Z"
    assert found["source.ip"] == "10.77.14.21"
    assert found["http.request.method"] == "GET"
    assert found["url.original"] == "/tra-cuu?ma=HS-0001&x=%27"
    assert (found["url.path"], found["url.query"]) == ("/tra-cuu", "ma=HS-0001&x=%27")
    assert (found["http.response.status_code"], found["http.response.body.bytes"]) == (200, 156)
    assert (found["http.request.referrer"], found["user_agent.original"]) == ("http://a.example/", "Mozilla/5.0 (X11)")
    assert (found["http.version"], found["event.outcome"]) == ("1.1", "success")
    assert "user.name" not in found


def test_the_path_is_kept_as_it_was_sent() -> None:
    assert read("GET /static/..%2f..%2fetc/passwd HTTP/1.1")["url.original"] == "/static/..%2f..%2fetc/passwd"
    assert read(r"GET /a\x22b HTTP/1.1")["url.original"] == r"/a\x22b"


@pytest.mark.parametrize("request_line", [r"\x16\x03\x01\x02", "hello", r"\x00"])
def test_what_is_no_request_is_kept_as_text(request_line: str) -> None:
    found = read(request_line, status="400")
    assert found["url.original"] == request_line
    assert found["event.outcome"] == "failure"
    assert "http.request.method" not in found


@pytest.mark.parametrize("request_line", ["", "-"])
def test_no_request_leaves_no_url(request_line: str) -> None:
    assert "url.original" not in read(request_line, status="408")


def test_ipv6_users_versions_and_extensions() -> None:
    found = read("GET /a/B.PHP HTTP/2.0", client="2001:db8::5", user="Nguyễn A")
    assert (found["source.ip"], found["user.name"]) == ("2001:db8::5", "Nguyễn A")
    assert (found["url.extension"], found["http.version"]) == ("php", "2.0")
    assert "http.version" not in read("GET /old-style")
    assert read("GET /.. HTTP/1.1").get("url.extension") is None


def test_a_whole_url_is_taken_apart() -> None:
    found = read("GET http://evil.example:81/x?y HTTP/1.1")
    assert (found["url.scheme"], found["url.domain"], found["url.path"]) == ("http", "evil.example:81", "/x")


def test_quotes_escaped_by_apache_do_not_end_a_field() -> None:
    found = read(r"GET /\"x\" HTTP/1.1", tail=r' "-" "a \"b\" c"')
    assert (found["url.path"], found["user_agent.original"]) == (r"/\"x\"", r"a \"b\" c")


def test_the_common_format_and_added_fields_are_read_too() -> None:
    assert read("GET / HTTP/1.1", tail="")["event.kind"] == "event"
    assert read("GET / HTTP/1.1", tail=' "-" "curl" "203.0.113.9" rt=0.1')["user_agent.original"] == "curl"


@given(st.text(st.characters(exclude_characters='"\\\n')), st.integers(100, 599))
def test_any_request_within_quotes_is_a_line(request_line: str, status: int) -> None:
    found = read(request_line, status=str(status))
    assert found["event.kind"] == "event"
    assert found["http.response.status_code"] == status
