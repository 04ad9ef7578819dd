"""No route without a check: each is called by somebody who did not sign in, and by somebody who has no right there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from websockets.exceptions import ConnectionClosed

from server.app import build_app
from tests.support.clients import open_socket
from tests.support.control import refused
from tests.support.examples import example_body
from tests.support.gateway import Serving, serving

Route = tuple[str, str]
API = "/api/v1"
UNAUTHENTICATED, NOT_FOUND = 4401, 4404

PUBLIC: Mapping[Route, str] = {
    ("GET", "/healthz"): "load balancers ask whether the process is alive",
    ("GET", "/readyz"): "and whether it takes work",
    ("GET", f"{API}/openapi.json"): "the description of the API is no secret",
    ("GET", f"{API}/docs"): "and neither is its page",
    ("GET", "/control/schema.json"): "the words of the control channel are no secret either",
    ("MOUNT", "/assets"): "the web editor's programs are the same for everybody",
    ("GET", f"{API}/sign-in"): "who wants to sign in asks how",
    ("POST", f"{API}/session"): "this is signing in",
    ("DELETE", f"{API}/session"): "ends what its cookie names; harmless without one",
    ("GET", f"{API}/oidc/start"): "leads to the provider's sign-in",
    ("GET", f"{API}/oidc/callback"): "and comes back from it, with the provider's word",
    ("GET", f"{API}/invitations/{{token}}"): "the token in the link is the proof",
    ("POST", f"{API}/invitations/{{token}}:accept"): "and makes the account",
}
OWN: Mapping[Route, str] = {
    ("GET", f"{API}/session"): "says who I am",
    ("POST", f"{API}/session:end-all"): "ends my sessions",
    ("PUT", f"{API}/session/password"): "my password",
    ("GET", f"{API}/tokens"): "my tokens",
    ("POST", f"{API}/tokens"): "a token that acts with my permissions",
    ("POST", f"{API}/oidc/link"): "ties my account to the provider's, after its sign-in",
    ("GET", f"{API}/projects"): "the projects that I may see: none",
    ("GET", f"{API}/roles"): "what the names of roles mean, for whoever gives or has one",
    ("GET", f"{API}/access-templates"): "what can be given in one step",
}
"""For whoever is signed in: about nobody but themselves, or the same for all."""


@dataclass(frozen=True)
class Place:
    """A server with something behind every route, and somebody who may not see any of it."""

    server: Serving
    stranger: str
    table: Mapping[Route, str]
    """Where each route is, with what stands for the rest of a path as in ``{name:path}``."""
    api: dict[str, Any]
    values: dict[str, str]

    async def call(self, route: Route, token: str | None, **values: str) -> httpx.Response:
        """Calls a route for real, with a body that it would take."""
        method, path = route[0], self.table[route]
        for name, value in (self.values | values).items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, f"say in this test what stands for {path}"
        body = example_body(self.api, self.api["paths"].get(route[1], {}).get(method.lower(), {}))
        headers = {"If-Match": '"sha256:0"'} | ({"Authorization": f"Bearer {token}"} if token else {})
        async with self.server.client(headers) as client:
            return await client.request(method, path, json=body, params={"format": "json"})


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with serving(tmp_path / "data") as server:
        project = await server.project("acme")
        async with server.client() as admin:
            files = f"{API}/projects/acme/files"
            await admin.put(f"{files}/a.txt", content=b"text", headers={"If-None-Match": "*"})
        token = await server.member(project, "owner")
        stranger = await server.member(await server.project("elsewhere"), "owner", "eve")
        app: Any = build_app(server.services)
        rest = app._http
        while not isinstance(rest, FastAPI):
            rest = rest._app
        table: dict[Route, str] = {}
        for context in iter_route_contexts(rest.routes):
            for method in getattr(context, "methods", None) or {"MOUNT"}:
                described = context.path.replace(":path}", "}")
                table[method, described] = context.path
        table |= {("SOCKET", route.path): route.path for route in app._sockets.routes}
        values = {
            "path:path": "a.txt",
            "name:path": "acme/files/a.txt",
            "slug": "acme",
            "user": "mia",
            "name": "editor",
            "lock_type": "git",
            "resource_id:path": "main",
        }
        yield Place(server, stranger, table, rest.openapi(), values | {"id": token.split("_")[2], "token": "unknown"})


def protected(place: Place) -> list[Route]:
    """Every HTTP route that is neither public nor about oneself."""
    return [route for route in place.table if route[0] != "SOCKET" and not {as_get(route)} & {*PUBLIC, *OWN}]


def as_get(route: Route) -> Route:
    """What is said of GET holds for HEAD."""
    return ("GET", route[1]) if route[0] == "HEAD" else route


async def test_every_route_is_in_the_table(place: Place) -> None:
    """What the OpenAPI document lists is walked, and the lists of exceptions name nothing that is not there."""
    described = {(method.upper(), path) for path, item in place.api["paths"].items() for method in item}
    assert described <= place.table.keys()
    assert PUBLIC.keys() | OWN.keys() <= place.table.keys()
    assert len(protected(place)) > 20


async def test_nobody_is_asked_to_sign_in(place: Place) -> None:
    """Without credentials every route that is not public answers 401, and nothing else."""
    answers = {route: (await place.call(route, None)).status_code for route in (*protected(place), *OWN)}
    assert {route: status for route, status in answers.items() if status != 401} == {}


async def test_a_stranger_is_refused(place: Place) -> None:
    """Who is signed in, and has no right here, is told that there is nothing, or that they may not."""
    answers = {route: await place.call(route, place.stranger) for route in protected(place)}
    assert {
        route: (answer.status_code, answer.text)
        for route, answer in answers.items()
        if answer.status_code not in (403, 404)
    } == {}


async def test_a_project_one_may_not_see_is_like_none(place: Place) -> None:
    """Every route of a project answers a stranger byte by byte as it does for a project that does not exist."""
    for route in protected(place):
        if "{slug}" in route[1]:
            hidden, missing = [await place.call(route, place.stranger, slug=slug) for slug in ("acme", "none")]
            assert shown(hidden, "acme") == shown(missing, "none"), route


def shown(answer: httpx.Response, name: str) -> tuple[int, dict[str, str], str]:
    """What a client sees, but for the name that it asked for and the time."""
    headers = {key: value for key, value in answer.headers.items() if key not in ("date", "x-request-id")}
    return answer.status_code, headers, answer.text.replace(name, "NAME")


async def test_what_is_one_s_own_tells_nothing_of_others(place: Place) -> None:
    """The routes about oneself work for a stranger, and show no project or user but theirs."""
    for route in OWN:
        if route[0] == "GET":
            answer = await place.call(route, place.stranger)
            assert answer.status_code == 200, route
            assert "acme" not in answer.text
            assert "mia" not in answer.text


SOCKETS = {"/sync/{name:path}": b"\x00\x00\x01\x00", "/sync": b"\x0facme/files/a.txt\x02\x00", "/control": b""}
"""The first frame of a client: y-websocket's Step1, Hocuspocus's Auth; on the control channel the server begins."""


async def test_sockets_refuse_both(place: Place) -> None:
    """At every socket's address nobody is let in without a token, and a stranger finds nothing."""
    assert {path for method, path in place.table if method == "SOCKET"} == SOCKETS.keys()
    for token, code in ((None, UNAUTHENTICATED), (place.stranger, NOT_FOUND)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{place.server.sync_url}/acme/files/a.txt"
        async with open_socket(url, additional_headers=headers) as socket:
            await socket.send(SOCKETS["/sync/{name:path}"])
            await socket.wait_closed()
            assert socket.close_code == code
        async with open_socket(place.server.sync_url, additional_headers=headers) as socket:
            await socket.send(b"\x10acme/files/a.txt\x02\x00\x00")
            with suppress(ConnectionClosed):
                answer = await socket.recv()
                assert isinstance(answer, bytes)
                assert answer.startswith(b"\x10acme/files/a.txt\x02\x01")  # denied
        assert await refused(place.server.url, token) == code
