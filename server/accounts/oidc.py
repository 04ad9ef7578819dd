"""Sign-in with an OpenID Connect provider: authorization code with PKCE, state, nonce, and a verified ID token."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]
    prepare_grant_uri,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from authlib.oidc.discovery import get_well_known_url  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from server.accounts.errors import OidcFailed, OidcUnavailable
from server.accounts.model import Challenge, Identity, Provider
from server.kit.clock import Clock

TIMEOUT_S = 10.0
METADATA_S = 3600.0
KEYS_S = 60.0
LEEWAY_S = 120
SCOPE = "openid profile"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# No secret that both sides share signs an ID token here, and "none" signs nothing.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})


class OidcClient:
    """This server as a client of one provider, found by its discovery document (OpenID Connect Discovery, 4)."""

    def __init__(self, provider: Provider, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.provider = provider
        self._clock = clock
        self._http = httpx.AsyncClient(timeout=TIMEOUT_S, transport=transport)
        self._metadata: dict[str, Any] = {}
        self._metadata_at = self._keys_at = float("-inf")
        self._keys: KeySet | None = None

    async def close(self) -> None:
        """Closes the connections to the provider."""
        await self._http.aclose()

    async def authorization_url(self, challenge: Challenge, redirect_uri: str) -> str:
        """Where the browser goes to sign in; raises `OidcUnavailable`."""
        metadata = await self._discover()
        url: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self.provider.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=SCOPE,
            state=challenge.state,
            nonce=challenge.nonce,
            code_challenge=create_s256_code_challenge(challenge.verifier),
            code_challenge_method="S256",
        )
        return url

    async def identity(self, challenge: Challenge, redirect_uri: str, answer: Mapping[str, str]) -> Identity:
        """Whom the provider vouches for in the `answer` that the browser brought: the callback's query.

        Raises `OidcFailed` for an answer to another question, a code that is not taken, an ID token that is not valid;
        `OidcUnavailable`.
        """
        metadata = await self._discover()
        self._check(answer, challenge, metadata)
        tokens = await self._redeem(metadata, answer["code"], challenge.verifier, redirect_uri)
        claims = await self._claims(metadata, tokens, challenge.nonce)
        name = _name(claims) or _name(await self._userinfo(metadata, tokens, claims))
        return Identity(self.provider.issuer, str(claims["sub"]), name or "user")

    def _check(self, answer: Mapping[str, str], challenge: Challenge, metadata: Mapping[str, Any]) -> None:
        if not hmac.compare_digest(answer.get("state", "").encode(), challenge.state.encode()):
            raise OidcFailed
        # RFC 9207: with several providers, the answer of one must not be taken to another.
        named = answer.get("iss")
        expected = metadata.get("authorization_response_iss_parameter_supported") is True
        if named != self.provider.issuer and (named is not None or expected):
            raise OidcFailed
        if "error" in answer or not answer.get("code"):
            raise OidcFailed("The identity provider did not sign you in; start again.")

    # What is asked of the provider

    async def _redeem(self, metadata: Mapping[str, Any], code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        """The tokens for an authorization code, which counts once (RFC 6749, section 4.1.3)."""
        body = prepare_token_request("authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        url, headers, body = self._authentication(metadata).prepare("POST", metadata["token_endpoint"], headers, body)
        try:
            response = await self._http.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise OidcUnavailable from error
        if response.status_code != httpx.codes.OK:
            raise OidcFailed
        return _object(response)

    def _authentication(self, metadata: Mapping[str, Any]) -> ClientAuth:
        secret, id = self.provider.client_secret, self.provider.client_id
        if secret is None:
            return ClientAuth(id, None, "none")
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" not in methods:
            return ClientAuth(id, secret, "client_secret_post")
        return ClientAuth(quote(id, safe=""), quote(secret, safe=""), "client_secret_basic")  # RFC 6749, 2.3.1

    async def _claims(self, metadata: Mapping[str, Any], tokens: Mapping[str, Any], nonce: str) -> CodeIDToken:
        """The claims of the ID token, its signature and everything else verified (OpenID Connect Core, 3.1.3.7)."""
        try:
            token = await self._decode(metadata, str(tokens.get("id_token", "")))
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client_id},
                    "sub": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                {"nonce": nonce, "client_id": self.provider.client_id, "access_token": tokens.get("access_token")},
            )
            claims.validate(now=int(self._clock.now().timestamp()), leeway=LEEWAY_S)
        except (JoseError, ValueError) as error:
            raise OidcFailed("The identity provider's answer is not valid; start again.") from error
        return claims

    async def _decode(self, metadata: Mapping[str, Any], text: str) -> jwt.Token:
        offered = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
        registry = JWSRegistry(algorithms=sorted(ALGORITHMS.intersection(offered)), strict_check_header=False)
        try:
            return jwt.decode(text, await self._key_set(metadata), registry=registry)
        except InvalidKeyIdError:  # the provider has changed its keys
            return jwt.decode(text, await self._key_set(metadata, older_than_s=KEYS_S), registry=registry)

    async def _userinfo(
        self, metadata: Mapping[str, Any], tokens: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """More about whom the ID token names, if the provider says so there (OpenID Connect Core, 5.3)."""
        url, access_token = metadata.get("userinfo_endpoint"), tokens.get("access_token")
        if not url or not access_token:
            return {}
        info = await self._get(url, {"Authorization": f"Bearer {access_token}"})
        return info if info.get("sub") == claims["sub"] else {}

    async def _discover(self) -> Mapping[str, Any]:
        now = self._clock.monotonic()
        if now - self._metadata_at > METADATA_S:
            metadata = await self._get(get_well_known_url(self.provider.issuer, external=True))
            if metadata.get("issuer") != self.provider.issuer or not all(metadata.get(name) for name in ENDPOINTS):
                raise OidcUnavailable("The identity provider describes itself as another than ATRIUM_OIDC_ISSUER.")
            self._metadata, self._metadata_at = metadata, now
        return self._metadata

    async def _key_set(self, metadata: Mapping[str, Any], *, older_than_s: float = METADATA_S) -> KeySet:
        now = self._clock.monotonic()
        if self._keys is None or now - self._keys_at > older_than_s:
            keys: Any = await self._get(metadata["jwks_uri"])
            self._keys, self._keys_at = KeySet.import_key_set(keys), now
        return self._keys

    async def _get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            response = await self._http.get(url, headers={"Accept": "application/json", **(headers or {})})
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise OidcUnavailable from error
        return _object(response)


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError as error:
        raise OidcUnavailable from error
    if not isinstance(body, dict):
        raise OidcUnavailable
    return body


def _name(claims: Mapping[str, Any]) -> str:
    return next((str(claims[key]) for key in ("preferred_username", "name", "nickname") if claims.get(key)), "")
