"""The API, one file per resource: four for collectors, the others for people and their programs."""

from fastapi import APIRouter

from sentinel.web.api import (
    agencies,
    alerts,
    approvals,
    audit,
    collectors,
    commands,
    effects,
    enrol,
    events,
    hunts,
    incidents,
    rules,
    runs,
    search,
    session,
    status,
)

RESOURCES: dict[str, APIRouter] = {
    "enrol": enrol.router,
    "events": events.router,
    "status": status.router,
    "commands": commands.router,
    "session": session.router,
    "alerts": alerts.router,
    "incidents": incidents.router,
    "collectors": collectors.router,
    "search": search.router,
    "hunts": hunts.router,
    "runs": runs.router,
    "approvals": approvals.router,
    "effects": effects.router,
    "agencies": agencies.router,
    "rules": rules.router,
    "audit": audit.router,
}
