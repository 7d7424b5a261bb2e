"""A city with its doors for programs of others open, and senders that may come in."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx

from sentinel.audit import Audit
from sentinel.intake.sender_desk import SenderDesk
from sentinel.journal import Entry
from sentinel.model.principal import Role
from sentinel.model.sender import HTTP_DOORS, SenderLimits
from sentinel.web.app import create_app
from tests.web.browser import Browser, browsers
from tests.web.world import CITY, OURS, World


@dataclass(frozen=True)
class Doorstep:
    """A client in front of the open doors."""

    world: World
    browser: Browser

    def sender(self, door: str, agency: str = OURS, dataset: str = "app.portal", name: str = "x", **limits: int) -> str:
        """Return the token of a new sender."""
        desk = SenderDesk(self.world.engine, Audit(self.world.engine))
        return desk.add(
            self.world.people[Role.ADMINISTRATOR, CITY],
            door=door,
            name=name,
            agency=agency,
            dataset=dataset,
            limits=replace(SenderLimits(), **limits),
        )[1]

    def ask(self, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
        """Return the answer to a request with the token, if there is one, as password."""
        headers = dict(more.pop("headers", {}))
        if token:
            headers.setdefault("Authorization", basic(token))
        return self.browser.request(method, path, headers=headers, **more)

    def kept(self) -> list[Entry]:
        """Return what is in the journal."""
        return list(self.world.journal.read(0, 100_000))


def basic(token: str, user: str = "elastic") -> str:
    """Return the header that has the token as password."""
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


@contextmanager
def doorstep(world: World, doors: frozenset[str] = frozenset(HTTP_DOORS)) -> Iterator[Doorstep]:
    """Open the doors of a world."""
    services = replace(world.services, doors=doors)
    with browsers(create_app(services)) as made:
        yield Doorstep(replace(world, services=services), made.stranger())
