"""The console in Vietnamese and English: nothing is left untranslated, and the choice is kept."""

import re
import unicodedata
from pathlib import Path

import pytest

import sentinel.web
from sentinel.model.principal import Role
from sentinel.web.language import load
from tests.web.browser import Browsers
from tests.web.messages import Message, messages
from tests.web.world import OURS, World

WEB = Path(sentinel.web.__file__).parent
VIETNAMESE = load()["vi"]


@pytest.mark.parametrize("place", sorted({file for file, _ in messages()}))
def test_every_text_has_a_vietnamese_translation(place: str) -> None:
    def is_there(message: Message) -> bool:
        if isinstance(message, tuple):
            return message[0] in VIETNAMESE.plurals
        return message in VIETNAMESE.messages

    missing = [message for file, message in messages() if file == place and not is_there(message)]
    assert not missing, "translate these in locale/vi/LC_MESSAGES/messages.po"


def test_no_translation_is_left_over() -> None:
    used = {message if isinstance(message, str) else message[0] for _, message in messages()}
    for language in load().values():
        assert {*language.messages, *language.plurals} <= used


def test_translations_keep_the_places_for_values() -> None:
    places = re.compile(r"%\(\w+\)s|\{\w+\}")
    for language in load().values():
        for message, translation in language.messages.items():
            assert sorted(places.findall(message)) == sorted(places.findall(translation)), message


def test_translations_are_in_the_composed_form() -> None:
    for path in WEB.rglob("*.po"):
        assert unicodedata.is_normalized("NFC", path.read_text("utf-8"))


@pytest.mark.parametrize("path", sorted(WEB.rglob("*.html")), ids=lambda path: path.name)
def test_only_literals_are_trusted_as_markup(path: Path) -> None:
    """`_` returns markup and fills %-places, so that what came from outside must go through `tr`."""
    text = path.read_text("utf-8")
    assert not re.search(r"\b(?:_|ngettext)\((?![\"'])", text)
    assert "|safe" not in text.replace(" ", "")


def test_the_choice_is_kept_and_leads_back(world: World, readers: Browsers) -> None:
    browser = readers.stranger()
    fields = {"language": "en", "theme": "dark", "csrf": browser.csrf(), "back": "/sign-in?next=%2Fsearch"}
    answer = browser.post("/preferences", data=fields)
    assert answer.headers["location"] == "/sign-in?next=%2Fsearch"
    page = browser.get("/sign-in").text
    assert '<html lang="en" data-theme="dark">' in page
    assert "User name" in page
    browser.sign_in(world.people[Role.OPERATOR, OURS])
    assert "Web server starts a shell" in browser.get("/alerts").text


def test_a_language_that_is_not_there_is_refused(readers: Browsers) -> None:
    browser = readers.stranger()
    assert browser.post("/preferences", data={"language": "xx", "csrf": browser.csrf()}).status_code == 400
    browser.client.cookies.set("__Host-sentinel-language", "../../etc")
    assert '<html lang="vi"' in browser.get("/sign-in").text


def test_rules_and_playbooks_speak_the_readers_language(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.OPERATOR, OURS])
    assert "Máy chủ web khởi chạy trình lệnh" in browser.get("/alerts").text
    page = browser.get(f"/incidents/{world.things[OURS].incident}").text
    assert "Dừng tiến trình 4711? Thao tác này không thể hoàn tác." in page
    assert "Quy tắc “Máy chủ web khởi chạy trình lệnh” phát hiện" in page


def test_times_are_local_for_people_and_utc_for_machines(world: World, readers: Browsers) -> None:
    page = readers.of(world.people[Role.OPERATOR, OURS]).get("/alerts").text
    utc, local = re.findall(r'<time datetime="([^"]+)">([^<]+)</time>', page)[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", utc)
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", local)
    assert (int(local[11:13]) - int(utc[11:13])) % 24 == 7
