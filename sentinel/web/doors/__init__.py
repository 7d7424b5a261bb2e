"""Doors over HTTP in other people's protocols, one file each; only those that are switched on are there."""

from fastapi import APIRouter

from sentinel.web.doors import bulk, hec, otlp

ROUTERS: dict[str, APIRouter] = {
    "bulk": bulk.router,
    "hec": hec.router,
    "otlp": otlp.router,
}
