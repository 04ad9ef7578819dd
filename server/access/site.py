"""Where browsers reach this server: which origins are its own, and what its cookie is called there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from server.access.errors import OriginRefused
from server.kit.address import client_address, is_among

SESSION_COOKIE = "atrium"
MAX_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Client:
    """What sent a request: its address and what it calls itself, "" for what is not known."""

    address: str = ""
    agent: str = ""


UNKNOWN_CLIENT = Client()


class Site:
    """The server's own addresses, as far as they are known: the request's own host, `public_url`, `allowed_origins`.

    Browsers send a page's origin with every unsafe request and every socket, and no page can forge it (RFC 6454,
    section 7). The scheme is believed from a `X-Forwarded-Proto` header only when a trusted proxy sends it.

    `url` is what links are made with: the public URL or, without one, the address that the server listens on. It is
    never taken from a request, whose Host header is the client's own words.
    """

    def __init__(
        self,
        *,
        public_url: str | None = None,
        allowed_origins: Iterable[str] = (),
        trusted_proxies: Iterable[IPv4Network | IPv6Network] = (),
    ) -> None:
        self.url = (public_url or "").rstrip("/")
        self._public = urlsplit(public_url or "")
        named = [*allowed_origins, public_url] if public_url else allowed_origins
        self._origins = frozenset(_origin(url) for url in named)
        self._names = frozenset(urlsplit(origin).hostname for origin in self._origins)
        self._proxies = tuple(trusted_proxies)

    def listens_on(self, url: str) -> None:
        """The server is up: without a public URL, this is its address."""
        self.url = self.url or url

    def client(self, connection: HTTPConnection) -> Client:
        """Who sent this, seen through the trusted proxies."""
        agent = "".join(filter(str.isprintable, connection.headers.get("user-agent", "")))
        return Client(client_address(connection, self._proxies), agent[:MAX_AGENT_LENGTH])

    def allows_origin(self, connection: HTTPConnection) -> bool:
        """Whether the request comes from a page of this server, and says so."""
        origin = connection.headers.get("origin", "").lower()
        if origin in self._origins:
            return True
        scheme, _, host = origin.partition("://")
        schemes = ("https",) if self.is_secure(connection) else ("http", "https")
        is_own_host = host != "" and host == _host(connection) and scheme in schemes
        return is_own_host and connection.headers.get("sec-fetch-site") != "cross-site"

    def require_own_page(self, connection: HTTPConnection) -> None:
        """Raises `OriginRefused` unless the request comes from a page of this server, and says so."""
        if not self.allows_origin(connection):
            origin = connection.headers.get("origin", "none")
            raise OriginRefused(
                f"A browser's sign-in counts only for requests from this server's own pages; the origin is {origin!r}. "
                "Use a bearer token, or add the page's origin to ATRIUM_ALLOWED_ORIGINS."
            )

    def allows_visitor(self, connection: HTTPConnection) -> bool:
        """Whether somebody without credentials may come in like this: no foreign page, no foreign name.

        A name of the public DNS that nobody configured may be an attacker's, rebound to this machine, so that his page
        counts as ours.
        """
        if "origin" in connection.headers and not self.allows_origin(connection):
            return False
        name = _host_name(_host(connection))
        return "." not in name or _is_address(name) or name in self._names

    def is_secure(self, connection: HTTPConnection) -> bool:
        """Whether the browser speaks TLS to us, or to the proxy before us."""
        if connection.scope["scheme"] in ("https", "wss"):
            return True
        if self._public.scheme == "https" and self._public.netloc.lower() == _host(connection):
            return True
        forwarded = connection.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
        return forwarded in ("https", "wss") and self._is_behind_proxy(connection)

    def session_cookie(self, connection: HTTPConnection) -> str | None:
        """The web session's token, if the browser sent one."""
        return self.cookie(connection, SESSION_COOKIE)

    def set_session_cookie(self, connection: HTTPConnection, response: Response, token: str, age: timedelta) -> None:
        """Keeps the web session in the browser for `age`."""
        self.set_cookie(connection, response, SESSION_COOKIE, token, age)

    def delete_session_cookie(self, connection: HTTPConnection, response: Response) -> None:
        """Makes the browser forget it."""
        self.delete_cookie(connection, response, SESSION_COOKIE)

    def cookie(self, connection: HTTPConnection, name: str) -> str | None:
        """What `set_cookie` has left in this browser."""
        return connection.cookies.get(self._cookie_name(connection, name))

    def set_cookie(self, connection: HTTPConnection, response: Response, name: str, value: str, age: timedelta) -> None:
        """Keeps `value` in the browser for `age`, out of reach of scripts and of other sites' requests."""
        response.set_cookie(
            self._cookie_name(connection, name),
            value,
            max_age=int(age.total_seconds()),
            path="/",
            secure=self.is_secure(connection),
            httponly=True,
            samesite="lax",
        )

    def delete_cookie(self, connection: HTTPConnection, response: Response, name: str) -> None:
        """Makes the browser forget it."""
        response.delete_cookie(
            self._cookie_name(connection, name),
            path="/",
            secure=self.is_secure(connection),
            httponly=True,
            samesite="lax",
        )

    def _cookie_name(self, connection: HTTPConnection, name: str) -> str:
        # Browsers take a __Host- cookie only over TLS and from this very host: no neighbour can plant one.
        return f"__Host-{name}" if self.is_secure(connection) else name

    def _is_behind_proxy(self, connection: HTTPConnection) -> bool:
        return is_among(connection.client.host if connection.client else "", self._proxies)


def _host(connection: HTTPConnection) -> str:
    return connection.headers.get("host", "").lower()


def _host_name(host: str) -> str:
    """A Host header without its port, an IPv6 address without its brackets."""
    name, bracket, _ = host.removeprefix("[").partition("]")
    return name if bracket else host.partition(":")[0]


def _origin(url: str) -> str:
    parsed = urlsplit(url.lower())
    return f"{parsed.scheme}://{parsed.netloc}"


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
