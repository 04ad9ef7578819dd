"""The page of the web editor, and what it may load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from server.gateway import ApiHeaders, WebEditor

PAGE = '<script nonce="__ATRIUM_NONCE__"></script><style nonce="__ATRIUM_NONCE__"></style>'


async def things() -> list[str]:
    """An answer of the API."""
    return []


def browser(dist: Path, host: str = "http://atrium.example") -> AsyncClient:
    """A client of an application that is nothing but the editor and one REST address."""
    app = FastAPI(redirect_slashes=False)
    app.add_api_route("/api/v1/things", things, methods=["GET"])
    app.add_middleware(ApiHeaders, prefix="/api/v1")
    app.router.default = WebEditor(dist)
    return AsyncClient(transport=ASGITransport(app), base_url=host)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built editor."""
    (tmp_path / "index.html").write_text(PAGE)
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/acme", "/acme/files/a%20b.txt", "/login"])
async def test_every_route_of_the_editor(path: str, dist: Path) -> None:
    """Whatever belongs to nothing else is the editor, which finds its way by itself."""
    async with browser(dist) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


async def test_the_nonce_is_fresh(dist: Path) -> None:
    """Each answer has a nonce of its own, the same in the page and in its policy."""
    nonces = set()
    async with browser(dist) as client:
        for _ in range(3):
            answer = await client.get("/")
            inside = set(re.findall(r'nonce="([^"]+)"', answer.text))
            assert inside == set(re.findall(r"'nonce-([^']+)'", answer.headers["content-security-policy"]))
            nonces |= inside
    assert len(nonces) == 3


async def test_the_policy(dist: Path) -> None:
    """Nothing is allowed but what the editor needs: no inline script, no frame, no foreign host."""
    async with browser(dist) as client:
        answer = await client.get("/")
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert policy["connect-src"] == "'self' ws://atrium.example"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["a; script-src *", "a b", "a,b"])
async def test_a_host_that_is_no_name(host: str, dist: Path) -> None:
    """A Host header cannot write into the policy."""
    async with browser(dist) as client:
        answer = await client.get("/", headers={"Host": host})
    assert host not in answer.headers["content-security-policy"]


async def test_not_built(tmp_path: Path) -> None:
    """Without a build the page says how to make one."""
    async with browser(tmp_path) as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "make web" in answer.text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_unknown_addresses_of_the_api(method: str, dist: Path) -> None:
    """REST addresses that do not exist are never the editor, whatever the method."""
    async with browser(dist) as client:
        for path in ("/api/v1/nothing", "/api/v2/things", "/api/v1/things/"):
            assert (await client.request(method, path)).status_code == 404


async def test_wrong_methods(dist: Path) -> None:
    """A method that an address does not have is 405, of the API and of the editor."""
    async with browser(dist) as client:
        assert (await client.delete("/api/v1/things")).status_code == 405
        assert (await client.post("/acme")).status_code == 405


async def test_headers_of_the_api(dist: Path) -> None:
    """REST answers are stored nowhere and are what they say they are, errors too."""
    async with browser(dist) as client:
        for path in ("/api/v1/things", "/api/v1/nothing"):
            headers = (await client.get(path)).headers
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
