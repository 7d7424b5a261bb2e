"""Pages for people, one file each; a new page is one file here, one template of the same name, and one line below."""

from fastapi import APIRouter

from sentinel.web.pages import (
    alert,
    alerts,
    audit,
    collectors,
    event,
    health,
    incident,
    incidents,
    preferences,
    rule,
    rules,
    search,
    sign_in,
)

PAGES: dict[str, APIRouter] = {
    "sign_in": sign_in.router,
    "preferences": preferences.router,
    "alerts": alerts.router,
    "alert": alert.router,
    "incidents": incidents.router,
    "incident": incident.router,
    "collectors": collectors.router,
    "rules": rules.router,
    "rule": rule.router,
    "search": search.router,
    "event": event.router,
    "audit": audit.router,
    "health": health.router,
}
