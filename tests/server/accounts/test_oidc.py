"""What a provider, or somebody in its place, may say and is not believed."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.accounts.errors import OidcFailed, OidcUnavailable
from server.accounts.model import Challenge, Identity, Provider
from server.accounts.oidc import OidcClient
from server.accounts.oidc_routes import is_safe_path
from server.kit.clock import ManualClock

ISSUER = "https://id.example.com"
CALLBACK = "https://atrium.example.com/api/v1/oidc/callback"
CHALLENGE = Challenge("the state", "the nonce", "the verifier")
ANSWER = {"state": "the state", "code": "the code"}
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


def rightly(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)


class Liar:
    """A provider that says whatever a test wants."""

    def __init__(self, clock: ManualClock) -> None:
        self.metadata: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        now = int(clock.now().timestamp())
        self.claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": "s1",
            "aud": "atrium",
            "nonce": CHALLENGE.nonce,
            "iat": now,
            "exp": now + 300,
            "preferred_username": "Ada",
        }
        self.sign: Callable[[dict[str, Any]], str] = rightly
        self.keys = [KEY]
        self.asked_for_keys = 0
        self.token_response: Response | None = None
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/keys", self._keys),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _metadata(self, _request: Request) -> Response:
        return JSONResponse(self.metadata)

    async def _keys(self, _request: Request) -> Response:
        self.asked_for_keys += 1
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})

    async def _token(self, _request: Request) -> Response:
        return self.token_response or JSONResponse({"id_token": self.sign(self.claims), "token_type": "Bearer"})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def liar(clock: ManualClock) -> Liar:
    return Liar(clock)


@pytest.fixture
async def client(liar: Liar, clock: ManualClock) -> AsyncIterator[OidcClient]:
    provider = Provider(ISSUER, "atrium", None, "Liar")
    client = OidcClient(provider, clock, httpx.ASGITransport(liar.app))
    yield client
    await client.close()


async def test_a_valid_answer(client: OidcClient) -> None:
    """The subject and the name that the ID token says."""
    assert await client.identity(CHALLENGE, CALLBACK, ANSWER) == Identity(ISSUER, "s1", "Ada")


async def test_the_way_there(client: OidcClient) -> None:
    """Code flow with state, nonce and the hash of the verifier, which itself is not shown."""
    url = httpx.URL(await client.authorization_url(CHALLENGE, CALLBACK))
    assert dict(url.params) == {
        "response_type": "code",
        "client_id": "atrium",
        "redirect_uri": CALLBACK,
        "scope": "openid profile",
        "state": "the state",
        "nonce": "the nonce",
        "code_challenge": encoded(hashlib.sha256(b"the verifier").digest()),
        "code_challenge_method": "S256",
    }


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example.com"},
        {"iss": None},
        {"aud": "somebody else"},
        {"aud": None},
        {"aud": ["atrium", "somebody else"]},
        {"azp": "somebody else"},
        {"sub": None},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 99999999999},
    ],
    ids=str,
)
async def test_claims_that_are_not_for_us(client: OidcClient, liar: Liar, claims: dict[str, Any]) -> None:
    """An ID token of another issuer, for another client, for another question, or of another time is refused."""
    liar.claims = {name: value for name, value in (liar.claims | claims).items() if value is not None}
    with pytest.raises(OidcFailed):
        await client.identity(CHALLENGE, CALLBACK, ANSWER)


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


def signed(claims: dict[str, Any], algorithm: str, sign: Callable[[bytes], bytes]) -> str:
    head = encoded(json.dumps({"alg": algorithm, "kid": "one"}).encode())
    text = f"{head}.{encoded(json.dumps(claims).encode())}"
    return f"{text}.{encoded(sign(text.encode()))}"


def with_public_key(text: bytes) -> bytes:
    return hmac.digest(KEY.as_pem(private=False), text, "sha256")


@pytest.mark.parametrize(
    "sign",
    [
        lambda claims: signed(claims, "none", lambda _: b""),
        lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, OTHER_KEY),
        lambda claims: jwt.encode({"alg": "RS256", "kid": "unknown"}, claims, OTHER_KEY),
        lambda claims: signed(claims, "HS256", with_public_key),
        lambda _claims: "",
        lambda _claims: "a.b.c",
        lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)[:-4] + "AAAA",
    ],
    ids=["none", "other key", "unknown key", "public key as a secret", "empty", "garbage", "changed"],
)
async def test_signatures_that_are_not_the_providers(
    client: OidcClient, liar: Liar, sign: Callable[[dict[str, Any]], str]
) -> None:
    """No ID token counts but one that the provider has signed with one of its private keys."""
    liar.sign = sign
    with pytest.raises(OidcFailed):
        await client.identity(CHALLENGE, CALLBACK, ANSWER)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"state": "the state"},
        {"code": "the code"},
        ANSWER | {"state": "another"},
        ANSWER | {"state": ""},
        ANSWER | {"error": "access_denied"},
        ANSWER | {"iss": "https://other.example.com"},
    ],
    ids=str,
)
async def test_answers_to_another_question(client: OidcClient, answer: dict[str, str]) -> None:
    """Without our state, with an error, or of another provider: refused before anything is asked of the provider."""
    with pytest.raises(OidcFailed):
        await client.identity(CHALLENGE, CALLBACK, answer)


async def test_new_keys_are_fetched(client: OidcClient, liar: Liar, clock: ManualClock) -> None:
    """A key that is not known is looked for again, once a minute at most."""
    await client.identity(CHALLENGE, CALLBACK, ANSWER)
    fresh = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
    liar.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, fresh)
    for _ in range(3):
        with pytest.raises(OidcFailed):
            await client.identity(CHALLENGE, CALLBACK, ANSWER)
    assert liar.asked_for_keys == 1
    liar.keys = [KEY, fresh]
    clock.advance(61)
    assert (await client.identity(CHALLENGE, CALLBACK, ANSWER)).subject == "s1"
    assert liar.asked_for_keys == 2


@pytest.mark.parametrize(
    "metadata", [{"issuer": "https://other.example.com"}, {"issuer": None}, {"token_endpoint": None}], ids=str
)
async def test_a_provider_that_is_another(client: OidcClient, liar: Liar, metadata: dict[str, Any]) -> None:
    """A discovery document of another issuer, or without what is needed, is not used."""
    liar.metadata |= metadata
    with pytest.raises(OidcUnavailable):
        await client.authorization_url(CHALLENGE, CALLBACK)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response("oops", 500), OidcFailed),
        (JSONResponse({"error": "invalid_grant"}, 400), OidcFailed),
        (Response("not json"), OidcUnavailable),
        (JSONResponse([]), OidcUnavailable),
        (JSONResponse({}), OidcFailed),
        (JSONResponse({"id_token": 5}), OidcFailed),
    ],
    ids=["500", "bad code", "text", "list", "no ID token", "number"],
)
async def test_broken_answers_of_the_provider(
    client: OidcClient, liar: Liar, response: Response, error: type[Exception]
) -> None:
    """Whatever the token endpoint answers, nobody is signed in by it and nothing breaks."""
    liar.token_response = response
    with pytest.raises(error):
        await client.identity(CHALLENGE, CALLBACK, ANSWER)


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/", True),
        ("/p/acme?x=//y#z", True),
        ("", False),
        ("p", False),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("/\t/evil.example", False),
        ("https://evil.example", False),
        ("javascript:alert(1)", False),
    ],
)
def test_paths_of_our_own(path: str, safe: bool) -> None:
    """A path is where one may go on to, nothing else."""
    assert is_safe_path(path) is safe
