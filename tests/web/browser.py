"""A browser without a window: talks to the application itself, keeps cookies, fills in forms."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

from sentinel.model.principal import Principal
from tests.web.world import PASSWORD

BASE = "https://sentinel.test"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Browser:
    """One browser; every request runs on the event loop of the portal."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self._portal = portal
        # The error that nobody foresaw is answered, not raised: what the answer says is what is tested.
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=BASE, timeout=60)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._portal.call(partial(self.client.request, method, path, **more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def csrf(self, page: str = "/sign-in") -> str:
        """Return the token in the first form of a page."""
        found = CSRF.search(self.get(page, follow_redirects=True).text)
        assert found, f"no form on {page}"
        return found[1]

    def send(self, path: str, fields: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a form with the right token."""
        return self.post(path, data={**(fields or {}), "csrf": self.csrf("/")})

    def call(self, path: str, body: object) -> httpx.Response:
        """Send JSON to the API with the right token."""
        return self.post(path, json=body, headers={"X-CSRF-Token": self.csrf("/")})

    def sign_in(self, who: Principal) -> "Browser":
        answer = self.post("/sign-in", data={"name": who.name, "password": PASSWORD, "csrf": self.csrf()})
        assert answer.status_code == 303, answer.text
        return self


@contextmanager
def browsers(app: FastAPI) -> Iterator["Browsers"]:
    """Give a maker of browsers that share one event loop."""
    with start_blocking_portal() as portal:
        yield Browsers(app, portal)


class Browsers:
    """Makes browsers; those of signed-in people are kept, for a sign-in costs time."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self.app = app
        self._portal = portal
        self._known: dict[str, Browser] = {}

    def stranger(self) -> Browser:
        return Browser(self.app, self._portal)

    def of(self, who: Principal) -> Browser:
        if who.id not in self._known:
            self._known[who.id] = self.stranger().sign_in(who)
        return self._known[who.id]
