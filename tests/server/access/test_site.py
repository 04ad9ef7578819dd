from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest
from starlette.responses import Response

from server.access import OriginRefused, Site
from tests.support.access import HOST, ORIGIN, connection

PROXIED = Site(trusted_proxies=[ip_network("10.0.0.0/8")])


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Origin": ORIGIN}, True),
        ({"Origin": ORIGIN.upper()}, True),
        ({"Origin": ORIGIN.replace("http:", "https:")}, True),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}, False),
        ({}, False),
        ({"Origin": ""}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": f"http://evil.{HOST}"}, False),
        ({"Origin": f"http://{HOST}.evil.example"}, False),
        ({"Origin": f"http://{HOST}:8000"}, False),
        ({"Origin": f"http://user@{HOST}"}, False),
        ({"Origin": f"file://{HOST}"}, False),
        ({"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"}, False),
        ({"Origin": "http://", "Host": ""}, False),
    ],
)
def test_only_our_own_pages_are_ours(headers: dict[str, str], allowed: bool) -> None:
    """A page is ours when its origin is the host that the request went to, to the letter."""
    assert Site().allows_origin(connection(headers)) is allowed


def test_a_plain_page_is_foreign_to_a_secure_site() -> None:
    """Over TLS a page loaded without it is not ours: whoever is on the line may have written it."""
    secure = connection({"Origin": ORIGIN}, scheme="https")
    assert not Site().allows_origin(secure)
    assert Site().allows_origin(connection({"Origin": f"https://{HOST}"}, scheme="https"))


def test_configured_origins_are_ours() -> None:
    """The public URL and the allowed origins count, whatever the Host header says."""
    site = Site(public_url="https://team.example.com/", allowed_origins=["http://localhost:3000"])
    for origin in ("https://team.example.com", "http://localhost:3000"):
        assert site.allows_origin(connection({"Origin": origin, "Sec-Fetch-Site": "cross-site"}))
    assert not site.allows_origin(connection({"Origin": "http://team.example.com"}))


def test_a_refusal_says_what_to_do() -> None:
    """The error names the foreign origin and the setting that would allow it."""
    with pytest.raises(OriginRefused, match=r"'http://evil\.example'.*ATRIUM_ALLOWED_ORIGINS"):
        Site().require_own_page(connection({"Origin": "http://evil.example"}))


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Host": "127.0.0.1:8000"}, True),
        ({"Host": "[::1]:8000"}, True),
        ({"Host": "localhost:8000"}, True),
        ({"Host": "atrium:8000"}, True),
        ({"Host": "team.example.com"}, True),
        ({"Host": "localhost:8000", "Origin": "http://localhost:8000"}, True),
        ({"Host": "localhost:8000", "Origin": "http://evil.example"}, False),
        ({"Host": "rebound.evil.example:8000"}, False),
        ({"Host": "rebound.evil.example:8000", "Origin": "http://rebound.evil.example:8000"}, False),
        ({"Host": "rebound.evil.example]"}, False),
    ],
)
def test_visitors_come_under_our_own_name(headers: dict[str, str], allowed: bool) -> None:
    """Without credentials neither a foreign page gets in, nor one whose name was rebound to this machine."""
    site = Site(public_url="https://team.example.com")
    assert site.allows_visitor(connection(headers)) is allowed


@pytest.mark.parametrize(
    ("peer", "proto", "secure"),
    [
        ("10.1.2.3", "https", True),
        ("10.1.2.3", "wss", True),
        ("10.1.2.3", "https, http", True),
        ("10.1.2.3", "http", False),
        ("192.0.2.1", "https", False),
        ("", "https", False),
        ("unix", "https", False),
    ],
)
def test_only_trusted_proxies_say_how_the_browser_came(peer: str, proto: str, secure: bool) -> None:
    """X-Forwarded-Proto is believed from the configured networks, and from nobody else."""
    assert PROXIED.is_secure(connection({"X-Forwarded-Proto": proto}, peer=peer)) is secure


def test_the_public_url_says_how_browsers_come() -> None:
    """Under the public host an https URL means TLS; under another name the request itself tells."""
    site = Site(public_url=f"https://{HOST}")
    assert site.is_secure(connection())
    assert not site.is_secure(connection({"Host": "127.0.0.1:8000"}))


@pytest.mark.parametrize(
    ("scheme", "cookie"),
    [
        ("http", "atrium=secret; HttpOnly; Max-Age=60; Path=/; SameSite=lax"),
        ("https", "__Host-atrium=secret; HttpOnly; Max-Age=60; Path=/; SameSite=lax; Secure"),
    ],
)
def test_the_cookie_is_kept_to_this_host(scheme: str, cookie: str) -> None:
    """Scripts cannot read it, other sites cannot send it, and over TLS no neighbour can plant it."""
    response = Response()
    Site().set_session_cookie(connection(scheme=scheme), response, "secret", timedelta(minutes=1))
    assert response.headers["set-cookie"] == cookie


def test_a_plain_cookie_is_nothing_over_tls() -> None:
    """A cookie that anybody on the line could have planted is not looked at on a secure connection."""
    assert Site().session_cookie(connection({"Cookie": "atrium=planted"}, scheme="https")) is None
    assert Site().session_cookie(connection({"Cookie": "atrium=mine"})) == "mine"


def test_links_have_our_own_address() -> None:
    """The public URL; without one, where the server listens: what a request says about itself does not matter."""
    named, unnamed = Site(public_url="https://team.example.com/"), Site()
    for site in (named, unnamed):
        site.listens_on("http://127.0.0.1:8000")
    assert (named.url, unnamed.url) == ("https://team.example.com", "http://127.0.0.1:8000")


def test_a_client_is_described_in_bounds() -> None:
    """What a client calls itself is cut, and has no control characters."""
    client = Site().client(connection({"User-Agent": "x\x1b[31m" + "y" * 500}))
    assert client.address == "192.0.2.1"
    assert len(client.agent) == 200
    assert client.agent.isprintable()
