"""Builds the ASGI application from the services, and serves it."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from fastapi import APIRouter, FastAPI
from sqlalchemy import text
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from server import access, accounts, activity, conflicts, documents, files, leases, projects, sessions
from server.gateway import (
    ApiDocs,
    ApiHeaders,
    Assets,
    ControlGateway,
    RequestRate,
    SyncGateway,
    WebEditor,
    build_server,
    health_routes,
    request_limit,
    schema_page,
)
from server.kit.http import install_problem_handlers, problems
from server.kit.redis import is_up
from server.kit.requests import RequestIds
from server.services import Services, open_services
from server.settings import Settings

WEB_DIST = Path(__file__).parent.parent / "web" / "dist"
API = "/api/v1"
GC_THRESHOLDS = (700, 10, 100)  # of the three generations; a full round ten times as rarely as Python's own
LOGIN_LINK_FILE = "login-link.txt"


def build_app(services: Services) -> ASGIApp:
    """The whole server: sync sockets, and beside them what speaks HTTP."""
    # Outside of the application: what answers 500 stands outside of every middleware in it.
    http = RequestIds(ApiHeaders(_build_http(services), prefix=API))
    return SocketsFirst(http, services.gateway, services.control)


class SocketsFirst:
    """Leads WebSockets past the HTTP application.

    A socket keeps the stack that it came through in memory as long as it lives, and would be routed after all of REST.
    """

    def __init__(self, http: ASGIApp, gateway: SyncGateway, control: ControlGateway) -> None:
        self._http = http
        self._sockets = Router(
            [
                WebSocketRoute("/sync/{name:path}", gateway.serve),
                WebSocketRoute("/sync", gateway.serve),
                WebSocketRoute("/control", control.serve),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._sockets if scope["type"] == "websocket" else self._http
        await app(scope, receive, send)


def _build_http(services: Services) -> FastAPI:
    """REST under `/api/v1`, health, and the web editor at everything else."""
    limits = services.settings.limits
    app = FastAPI(
        title="Atrium",
        version="1",
        summary="Self-hosted CRDT collaboration server.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=problems(400, 415, 429),
        middleware=[
            Middleware(activity.AnswersWhenRecorded, recorder=services.recorder),
            Middleware(
                RequestRate,
                prefix=API,
                authenticator=services.authenticator,
                site=services.site,
                limit=request_limit(services.clock, per_s=limits.requests_per_s, burst=limits.requests_burst),
            ),
        ],
    )
    app.state.authenticator = services.authenticator
    install_problem_handlers(app)
    app.include_router(
        access.routes(
            tokens=services.tokens,
            policy=services.policy,
            find_project=services.projects.find_id,
        )
    )
    app.include_router(
        accounts.routes(
            services.accounts,
            projects=services.projects,
            policy=services.policy,
            authenticator=services.authenticator,
            site=services.site,
            anonymous=services.settings.anonymous_role is not None,
        )
    )
    app.include_router(
        access.policy_routes(roles=services.roles, policy=services.policy, find_project=services.projects.find_id)
    )
    app.include_router(projects.routes(projects=services.projects, roles=services.roles, policy=services.policy))
    app.include_router(documents.routes(services.documents, services.events), prefix=API)
    for router in _file_routers(services):
        app.include_router(router, prefix=API)
    find_project = services.projects.find_id
    app.include_router(
        leases.routes(services.leases, services.policy, find_project, services.sessions.owner), prefix=API
    )
    app.include_router(sessions.routes(services.sessions, services.policy, find_project), prefix=API)
    app.include_router(conflicts.routes(services.conflicts, services.policy, find_project), prefix=API)
    app.include_router(activity.routes(services.activity, services.policy, services.projects.find_id), prefix=API)
    app.include_router(
        health_routes(
            services.authenticator,
            metrics_public=services.settings.metrics_public,
            draining=lambda: services.gateway.draining,
            probe=lambda: _probe(services),
            redis_up=lambda: _redis_up(services),
            loop_lag_s=lambda: services.loop_monitor.lag_s,
        )
    )
    app.router.routes.append(Route("/control/schema.json", schema_page))
    app.router.routes.append(Route(f"{API}/docs", ApiDocs(app.openapi).page))
    _add_web_editor(app)
    return app


def _file_routers(services: Services) -> list[APIRouter]:
    limits = services.settings.limits
    return [
        files.routes(services.files, services.gate),
        files.archive_routes(services.archives, services.blobs, services.gate),
        files.documents_routes(
            services.documents,
            services.listing,
            services.resolver,
            services.rooms,
            services.files,
            services.gate,
            services.exporter,
            update_bytes=limits.update_bytes,
        ),
        files.content_routes(services.contents, services.blobs, services.gate, upload_bytes=limits.upload_bytes),
    ]


def _add_web_editor(app: FastAPI) -> None:
    assets = WEB_DIST / "assets"
    if assets.is_dir():
        app.router.routes.append(Mount("/assets", GZipMiddleware(Assets(directory=assets))))
    app.router.default = WebEditor(WEB_DIST)


async def _probe(services: Services) -> None:
    """Takes the write lock and gives it back: a full or read-only disk shows here."""
    await services.database.write(lambda session: session.execute(text("SELECT 1")))


async def _redis_up(services: Services) -> bool:
    return services.redis is None or await is_up(services.redis)


async def serve(settings: Settings) -> int:
    """Runs until a signal has drained it; returns the exit code."""
    async with open_services(settings) as services:
        server = build_server(
            build_app(services),
            settings,
            drain=services.gateway.drain,
            listening=lambda url: _listening(services, url),
        )
        await server.serve()
    return 0


async def _listening(services: Services, url: str) -> None:
    services.site.listens_on(url)
    await _offer_login_link(services)
    _keep_what_stays()


def _keep_what_stays() -> None:
    """Takes all that is there from the start out of the garbage collector's rounds, and makes full rounds rarer.

    There are far over 100,000 objects that never become garbage, and hundreds more with each connection. Nobody is
    served while they are walked through, which takes microseconds for each; what is not part of a circle is freed at
    once anyway.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()


async def _offer_login_link(services: Services) -> None:
    """On a first run nobody has a token yet: prints the administrator's one-time link and leaves it in a file."""
    settings = services.settings
    if settings.admin_token is not None or not await services.tokens.awaits_first_sign_in():
        return
    link = f"{services.site.url}/login#token={await services.tokens.create_login_link()}"
    path = settings.data_dir / LOGIN_LINK_FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(link + "\n")
    # Standard error: a program that starts the server reads one line from its standard output.
    print(f"Sign in as administrator, once, within a day: {link}", file=sys.stderr, flush=True)
