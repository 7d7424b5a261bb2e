"""Promises of search through the API: pages, frequent values, exports, and no work for somebody who has gone."""

import csv
import io
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from sentinel.audit import Audit
from sentinel.model.principal import Role
from sentinel.model.record import Record
from sentinel.model.search import Found, Search
from sentinel.store import Mark, Stop, StoppedError
from sentinel.store.local import LocalStore
from sentinel.web.app import create_app
from tests.live.console import served
from tests.waiting import until
from tests.web.browser import CSRF, Browsers
from tests.web.world import CITY, OURS, PASSWORD, World


def test_pages_follow_each_other_through_the_api(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.OPERATOR, OURS])
    whole = browser.get("/api/v1/search?limit=1000").json()
    seen: list[str] = []
    after = ""
    while True:
        page = browser.get("/api/v1/search", params={"limit": 3, "after": after}).json()
        seen += [event["id"] for event in page["events"]]
        if not (after := page["next"]):
            break
    assert seen == [event["id"] for event in whole["events"]]
    assert whole["next"] == ""


def test_the_api_counts_frequent_values_and_sorts(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.OPERATOR, OURS])
    found = browser.get("/api/v1/search?top=event.dataset&top=host.name&sort=event.dataset&oldest_first=true").json()
    assert found["top"]["host.name"] == [{"value": f"portal-{world.things[OURS].mark}", "count": found["total"]}]
    datasets = [event["event"]["dataset"] for event in found["events"]]
    assert datasets == sorted(datasets)


def test_an_export_holds_everything_and_is_noted(fresh: World, actors: Browsers) -> None:
    who = fresh.people[Role.OPERATOR, OURS]
    browser = actors.of(who)
    total = browser.get("/api/v1/search?limit=0").json()["total"]
    answer = browser.get("/api/v1/search/export?format=jsonl")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len(lines) == total
    assert {line["organization"]["id"] for line in lines} == {OURS}
    assert answer.headers["content-disposition"] == 'attachment; filename="events.jsonl"'
    noted = [entry for entry in Audit(fresh.engine).entries() if entry.action == "events.exported"]
    assert [(entry.actor, entry.object) for entry in noted] == [(who.name, "*")]


def test_a_table_is_safe_for_spreadsheets(fresh: World, actors: Browsers) -> None:
    fields = {
        "@timestamp": "2026-11-23T08:00:00.000000Z",
        "organization.id": OURS,
        "event.dataset": "web",
        "user.name": "=cmd|'/C calc'!A0",
        "related.ip": ["10.0.0.1", "10.0.0.2"],
    }
    fresh.services.store.add([Record("f" * 40, fields)], Mark(fresh.services.store.mark().position + 1))
    browser = actors.of(fresh.people[Role.OPERATOR, OURS])
    answer = browser.get("/api/v1/search/export?format=csv&q=event.dataset:web&fields=user.name&fields=related.ip")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows == [["user.name", "related.ip"], ["'=cmd|'/C calc'!A0", "10.0.0.1; 10.0.0.2"]]


def test_a_wrong_export_is_refused_before_it_begins(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.OPERATOR, OURS])
    assert browser.get("/api/v1/search/export?format=xlsx").status_code == 400
    assert browser.get("/api/v1/search/export?q=user.name:(").status_code == 400


def test_the_page_leads_to_the_next_one_and_to_exports(world: World, readers: Browsers) -> None:
    browser = readers.of(world.people[Role.OPERATOR, CITY])
    text = browser.get("/search?range=all").text
    assert "/api/v1/search/export?format=csv" in text
    assert "event.dataset" in text


class Endless(LocalStore):
    """A store whose searches take for ever, until nobody waits."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.begun, self.ended = threading.Event(), threading.Event()

    def search(self, search: Search, stop: Stop | None = None) -> Found:
        self._wait(stop)
        raise StoppedError("nobody waits")

    def scan(self, search: Search, stop: Stop | None = None) -> Iterator[Record]:
        # Enough for the first part of an answer, and then a page that takes for ever.
        for number in range(2_000):
            yield Record(f"{number:040x}", {"@timestamp": "2026-11-23T08:00:00.000000Z", "message": "x" * 100})
        self._wait(stop)
        raise StoppedError("nobody waits")

    def _wait(self, stop: Stop | None) -> None:
        self.begun.set()
        assert stop is not None
        until(stop.is_set, what="the search is stopped")
        self.ended.set()


@pytest.mark.parametrize("path", ["/api/v1/search", "/api/v1/search/export"])
def test_a_search_ends_when_its_asker_goes_away(fresh: World, tmp_path: Path, path: str) -> None:
    store = Endless(tmp_path / "endless")
    services = replace(fresh.services, store=store)
    with served(create_app(services), tmp_path) as address:
        cookies = _signed_in(address, fresh.people[Role.OPERATOR, OURS].name)
        place = urlsplit(address)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((place.hostname or "", place.port or 0)) as plain:
            caller = context.wrap_socket(plain)
            caller.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nCookie: {cookies}\r\n\r\n".encode())
            until(store.begun.is_set, what="the search runs")
            caller.close()
        until(store.ended.is_set, what="the search ends")
    store.close()


def _signed_in(address: str, name: str) -> str:
    with httpx.Client(base_url=address, verify=False) as client:
        token = CSRF.search(client.get("/sign-in").text)
        assert token
        form = {"name": name, "password": PASSWORD, "csrf": token[1]}
        assert client.post("/sign-in", data=form).status_code == 303
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
