"""The web application: middleware, pages, API and static files, around services made elsewhere."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from sentinel.web import faults
from sentinel.web.api import RESOURCES
from sentinel.web.doors import ROUTERS
from sentinel.web.headers import SecurityHeaders
from sentinel.web.language import load
from sentinel.web.limits import BodyLimit
from sentinel.web.pages import PAGES, health
from sentinel.web.services import Services
from sentinel.web.show import STATIC, Shown


def create_app(services: Services) -> FastAPI:
    """Return the ASGI application; it holds nothing but what `services` holds."""
    app = FastAPI(
        title="Sentinel",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[Middleware(SecurityHeaders), Middleware(BodyLimit)],
    )
    app.state.services = services
    app.state.shown = Shown(load(), services.display_zone)
    faults.install(app)
    # First, because a program and a browser may come to the same address.
    doors = [router for name, router in ROUTERS.items() if name in services.doors]
    for router in (*doors, *PAGES.values(), *RESOURCES.values()):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def create_worker_app(services: Services) -> FastAPI:
    """Return the application of a process that only works: whether it lives and can, and what it measures."""
    app = FastAPI(title="Sentinel", docs_url=None, redoc_url=None, openapi_url=None, middleware=[Middleware(BodyLimit)])
    app.state.services = services
    app.state.shown = Shown(load(), services.display_zone)
    faults.install(app)
    app.include_router(health.router)
    return app
