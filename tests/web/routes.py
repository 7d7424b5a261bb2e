"""Every route of the application and what is promised of it; a route that is missing here fails the matrix."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fastapi import FastAPI
from starlette.routing import Mount

from sentinel.model.principal import Role
from tests.web.world import Things


@dataclass(frozen=True)
class Promise:
    """Who may use a route, and what is sent to it."""

    needs: Role | None = None
    """Smallest role; None: everybody who is signed in."""
    body: dict[str, object] = field(default_factory=dict)
    query: str = ""
    shows_things: bool = True
    """Whether the answer holds some of the agency's things."""
    is_shared: bool = False
    """The thing itself belongs to nobody, so that everybody may read it."""
    method: str = "POST"
    """Of a change."""


def path_of(route: str, things: Things) -> str:
    """Return the route's path with the ids of one agency."""
    values = {
        "alert_id": things.alert,
        "incident_id": things.incident,
        "approval_id": things.approval,
        "effect_id": things.effect,
        "run_id": things.run,
        "collector_id": things.collector,
        "record_id": things.record,
        "agency_id": things.agency,
        "rule_id": things.rule,
        "hunt_id": things.hunt,
    }
    return route.format_map(values)


PUBLIC = {
    ("GET", "/"),
    ("GET", "/sign-in"),
    ("GET", "/sign-in/link"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/api/v1/ca"),
    ("GET", "/static"),
}
STRANGERS_FORMS = {
    ("POST", "/sign-in"): {"name": "nobody", "password": "x"},
    ("POST", "/sign-in/link"): {"token": "x"},
    ("POST", "/sign-out"): {},
    ("POST", "/preferences"): {"language": "en"},
}
COLLECTORS = {
    ("POST", "/api/v1/events"),
    ("POST", "/api/v1/status"),
    ("GET", "/api/v1/commands"),
    ("POST", "/api/v1/commands/{command_id}/reports"),
}
ONE_TIME = {("POST", "/api/v1/enrol"), ("POST", "/api/v1/session")}
"""Proven by the one-time secret in the body."""
READ = {
    "/alerts": Promise(query="?state=all"),
    "/alerts/{alert_id}": Promise(),
    "/incidents": Promise(query="?state=all"),
    "/incidents/{incident_id}": Promise(),
    "/collectors": Promise(),
    "/search": Promise(query="?range=all"),
    "/events/{record_id}": Promise(),
    "/audit": Promise(Role.AUDITOR),
    "/rules": Promise(shows_things=False),
    "/rules/{rule_id}": Promise(is_shared=True),
    "/api/v1/rules": Promise(shows_things=False),
    "/api/v1/rules/{rule_id}": Promise(is_shared=True, shows_things=False),
    "/api/v1/alerts": Promise(),
    "/api/v1/alerts/{alert_id}": Promise(),
    "/api/v1/incidents": Promise(),
    "/api/v1/incidents/{incident_id}": Promise(),
    "/api/v1/collectors": Promise(),
    "/api/v1/collectors/{collector_id}": Promise(),
    "/api/v1/search": Promise(query="?limit=1000"),
    "/api/v1/search/export": Promise(),
    "/api/v1/runs": Promise(),
    "/api/v1/runs/{run_id}": Promise(),
    "/api/v1/approvals": Promise(),
    "/api/v1/effects": Promise(query="?incident={incident_id}"),
    "/api/v1/agencies": Promise(shows_things=False),
    "/api/v1/session": Promise(shows_things=False),
    "/api/v1/alerts/by-rule": Promise(shows_things=False),
    "/api/v1/hunts": Promise(),
    "/api/v1/hunts/{hunt_id}": Promise(),
    "/api/v1/audit": Promise(Role.AUDITOR, query="?limit=1000"),
}
CHANGE = {
    "/alerts/{alert_id}/state": Promise(Role.OPERATOR, {"state": "acknowledged"}),
    "/incidents/{incident_id}/notes": Promise(Role.OPERATOR, {"text": "x"}),
    "/incidents/{incident_id}/close": Promise(Role.OPERATOR, {"note": "x"}),
    "/incidents/{incident_id}/approvals/{approval_id}": Promise(Role.OPERATOR, {"approved": "true"}),
    "/incidents/{incident_id}/effects/{effect_id}/undo": Promise(Role.RESPONDER, {"why": "x"}),
    "/incidents/{incident_id}/runs/{run_id}/cancel": Promise(Role.RESPONDER, {"why": "x"}),
    "/collectors/{collector_id}/revoke": Promise(Role.ADMINISTRATOR, {"why": "x"}),
    "/api/v1/alerts/{alert_id}/state": Promise(Role.OPERATOR, {"state": "acknowledged"}),
    "/api/v1/incidents/{incident_id}/notes": Promise(Role.OPERATOR, {"text": "x"}),
    "/api/v1/incidents/{incident_id}/close": Promise(Role.OPERATOR, {"note": "x"}),
    "/api/v1/runs": Promise(Role.OPERATOR, {"playbook": "web-shell", "incident": "{incident_id}"}),
    "/api/v1/runs/{run_id}/cancel": Promise(Role.RESPONDER, {"why": "x"}),
    "/api/v1/approvals/{approval_id}/decision": Promise(Role.OPERATOR, {"approved": True}),
    "/api/v1/effects/{effect_id}/undo": Promise(Role.RESPONDER, {"why": "x"}),
    "/api/v1/hunts/{hunt_id}/stop": Promise(Role.OPERATOR),
    "/api/v1/hunts/{hunt_id}/resume": Promise(Role.OPERATOR),
    "/api/v1/hunts/{hunt_id}/alerts": Promise(Role.OPERATOR),
    "/rules/{rule_id}/state": Promise(Role.ADMINISTRATOR, {"state": "shadow", "agency": "{agency_id}", "why": "x"}),
    "/api/v1/rules/{rule_id}/state": Promise(
        Role.ADMINISTRATOR, {"state": "shadow", "agency": "{agency_id}", "why": "x"}, method="PUT"
    ),
}
WITH_TOKEN = {("GET", "/metrics")}
"""tests/web/test_health.py says for whom."""
WITHIN_ONES_OWN = {("POST", "/api/v1/hunts")}
"""What is made there is bound to the maker's scope; tests/hunt says so."""
CITY_ONLY = ("/rules/reload", "/api/v1/rules/reload")
"""Changes that concern every agency: for administrators of the city itself."""


def is_api(path: str) -> bool:
    return path.startswith("/api/")


def served(app: FastAPI) -> set[tuple[str, str]]:
    """Return method and path of everything the application serves."""
    return set(_walk(app.routes))


def _walk(routes: list[object]) -> Iterator[tuple[str, str]]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _walk(inner.routes)
        elif isinstance(route, Mount):
            yield "GET", route.path
        else:
            for method in getattr(route, "methods", ()):
                yield str(method), str(getattr(route, "path", ""))


def promised() -> set[tuple[str, str]]:
    """Return method and path of everything that is promised here."""
    read = {("GET", path) for path in READ}
    change = {(promise.method, path) for path, promise in CHANGE.items()}
    whole = {("POST", path) for path in CITY_ONLY}
    return PUBLIC | set(STRANGERS_FORMS) | COLLECTORS | ONE_TIME | WITH_TOKEN | WITHIN_ONES_OWN | read | change | whole
