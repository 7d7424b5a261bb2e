"""What came from outside is shown, and does nothing."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.principal import Role
from sentinel.web.answers import Json
from sentinel.web.show import local_path
from sentinel.web.visible import visible
from tests.web.browser import Browsers
from tests.web.routes import READ, is_api, path_of
from tests.web.world import CITY, OURS, World

PAGES = [route for route in READ if not is_api(route)]


class Strict(HTMLParser):
    """Collects what a strict policy would not run, and what a person cannot name."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.unnamed: list[str] = []
        self.headings = 0
        self._in_label = 0
        self._labelled: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script" and not str(values.get("src", "")).startswith("/static/"):
            self.faults.append("inline script")
        self.faults += [name for name in values if name.startswith("on") or name == "style"]
        if tag == "style":
            self.faults.append("inline style")
        links = [str(values[name]) for name in ("href", "src", "action") if name in values]
        self.faults += [link for link in links if not link.startswith(("/", "#"))]
        self.headings += tag == "h1"
        self._in_label += tag == "label"
        is_field = tag in ("select", "textarea") or (tag == "input" and values.get("type") != "hidden")
        if is_field and not self._in_label and "aria-label" not in values:
            self.unnamed.append(str(values.get("name")))

    def handle_endtag(self, tag: str) -> None:
        self._in_label -= tag == "label"


@pytest.mark.parametrize("route", [*PAGES, "/sign-in", "/alerts?text=nothing-fits", "/search?q=nothing-fits"])
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR])
def test_a_page_runs_nothing_inline_and_names_every_field(
    world: World, readers: Browsers, route: str, role: Role
) -> None:
    browser = readers.stranger() if route == "/sign-in" else readers.of(world.people[role, CITY])
    query = READ[route].query if route in READ else ""
    text = browser.get(path_of(route + query, world.things[OURS])).text
    parser = Strict()
    parser.feed(text)
    assert not parser.faults
    assert not parser.unnamed
    assert parser.headings == 1
    assert '<html lang="vi"' in text
    assert "<title>" in text
    assert 'href="#main"' in text


@pytest.mark.parametrize("route", PAGES)
def test_hostile_text_neither_runs_nor_hides(world: World, readers: Browsers, route: str) -> None:
    browser = readers.of(world.people[Role.ADMINISTRATOR, OURS])
    things = world.things[OURS]
    odd = next(alert for alert in world.services.alerts.find(frozenset({OURS})).alerts if alert.title.startswith("Odd"))
    for path in (path_of(route + READ[route].query, things), f"/alerts/{odd.id}", f"/events/{odd.record_id}"):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert not re.search("[\x00\x1b\u202e\u200b]", text)
        assert "83810205" not in text
    assert "‹U+202E›gpj.exe" in text
    assert "&lt;script&gt;alert(&#34;x&#34;)" in text


def test_what_somebody_typed_comes_back_as_text(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.OPERATOR, OURS])
    for path in ("/alerts?text=", "/search?q=", "/sign-in?next="):
        text = browser.get(path + '"><img src=x onerror=alert(1)>').text
        assert "<img" not in text


def test_a_fault_in_a_query_is_told_beside_it(world: World, readers: Browsers) -> None:
    answer = readers.of(world.people[Role.OPERATOR, OURS]).get("/search", params={"q": 'a:("<b>%s{0}'})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "<b>" not in answer.text


@given(st.text(alphabet=st.characters(codec=None)))
def test_nothing_unseen_is_left_and_all_that_is_seen_stays(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert visible(shown) == shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    if text.isascii() and text.isprintable():
        assert shown == text


def test_vietnamese_in_both_forms_stays_as_it_is() -> None:
    for text in ("Ủy ban nhân dân quận Ngô Quyền", "U\u0309y ban nha\u0302n da\u0302n"):
        assert visible(text) == text


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_can_be_answered_as_json(text: str) -> None:
    assert Json({"raw": text}).body.isascii()


@given(st.text())
def test_a_way_back_never_leads_elsewhere(target: str) -> None:
    found = local_path(target)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert "\n" not in found
