"""Settings: the environment (`ATRIUM_*`) and the command line, checked at once at start.

Every setting has its unit in its name; a bad value is reported with all others and the server does not start.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from crdt_docs.names import SLUG

MEBIBYTE = 1 << 20


SECRETS = frozenset({"ATRIUM_ADMIN_TOKEN", "ATRIUM_OIDC_CLIENT_SECRET"})


class SettingsError(Exception):
    """The settings cannot be used; the message has one line per bad setting."""


class Limits(BaseSettings):
    """What one connection, document or message may cost (`ATRIUM_LIMIT_*`)."""

    model_config = SettingsConfigDict(env_prefix="ATRIUM_LIMIT_", frozen=True)

    frame_bytes: int = Field(32 * MEBIBYTE, ge=1024)
    update_bytes: int = Field(4 * MEBIBYTE, ge=1024)
    document_bytes: int = Field(64 * MEBIBYTE, ge=1024)
    structs_per_update: int = Field(50_000, ge=10)
    frames_per_s: float = Field(200, gt=0)
    frames_burst: int = Field(600, ge=1)
    inbound_bytes_per_s: int = Field(2 * MEBIBYTE, ge=1024)
    inbound_bytes_burst: int = Field(64 * MEBIBYTE, ge=1024)
    step1_per_s: float = Field(2, gt=0)
    step1_burst: int = Field(5, ge=1)
    outbox_high_water_bytes: int = Field(256 * 1024, ge=1024)
    outbox_bytes: int = Field(8 * MEBIBYTE, ge=1024)
    lagging_s: float = Field(30, gt=0)
    connections: int = Field(5_000, ge=1)
    connections_per_address: int = Field(200, ge=1)
    connections_per_user: int = Field(50, ge=1)
    connections_per_project: int = Field(1_000, ge=1)
    documents_per_connection: int = Field(256, ge=1)
    authentication_s: float = Field(10, gt=0)
    queued_bytes_before_authentication: int = Field(MEBIBYTE, ge=1024)
    queued_frames_before_authentication: int = Field(200, ge=1)
    leases_per_session: int = Field(200, ge=1)
    leases_per_project: int = Field(5_000, ge=1)
    requests_per_s: float = Field(200, gt=0)
    requests_burst: int = Field(2_000, ge=1)
    sign_ins_per_name: int = Field(10, ge=1)
    sign_ins_per_address: int = Field(100, ge=1)
    upload_bytes: int = Field(100 * MEBIBYTE, ge=1024)
    text_file_bytes: int = Field(10 * MEBIBYTE, ge=1024)
    room_memory_bytes: int = Field(512 * MEBIBYTE, ge=MEBIBYTE)
    room_idle_s: float = Field(60, ge=0)


class OidcSettings(BaseSettings):
    """The identity provider that people may sign in with (`ATRIUM_OIDC_*`)."""

    model_config = SettingsConfigDict(env_prefix="ATRIUM_OIDC_", frozen=True)

    issuer: str | None = None
    client_id: str | None = Field(None, validate_default=True)
    client_secret: SecretStr | None = None
    name: str = Field("Single sign-on", min_length=1, max_length=64)
    create_users: bool = False

    @field_validator("issuer")
    @classmethod
    def _reached_safely(cls, value: str | None) -> str | None:
        parsed = urlsplit(value or "")
        local = parsed.scheme == "http" and parsed.hostname in ("127.0.0.1", "::1", "localhost")
        if value is not None and (not parsed.hostname or parsed.query or not (parsed.scheme == "https" or local)):
            raise ValueError("must be the provider's https URL, as its discovery document has it")
        return value

    @field_validator("client_id")
    @classmethod
    def _with_issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("issuer"):
            raise ValueError("is missing: the provider gives it when this server is registered there")
        if value is not None and info.data.get("issuer", "bad") is None:
            raise ValueError("is of no use without ATRIUM_OIDC_ISSUER")
        return value


class Settings(BaseSettings):
    """Everything an operator can set; names and meaning are public and kept."""

    model_config = SettingsConfigDict(env_prefix="ATRIUM_", frozen=True, populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    data_dir: Path = Path("data")
    database_url: str | None = None
    redis_url: str | None = None
    admin_token: SecretStr | None = None
    anonymous_role: Literal["viewer", "commenter", "agent", "worker", "editor", "maintainer", "owner"] | None = None
    default_project: str | None = None
    log_format: Literal["json", "text"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    durability: Literal["power", "process"] = "power"
    metrics_public: bool = False
    allow_query_token: bool | None = None
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    public_url: str | None = None
    drain_s: float = Field(5, ge=0, le=300)
    session_ttl_s: float = Field(120, ge=10, le=3_600)
    session_heartbeat_s: float = Field(15, ge=1, le=60)
    lock_default_ttl_s: float = Field(300, ge=1, le=3_600)
    lock_wait_timeout_s: float = Field(30, ge=0, le=600)
    audit_keep_days: int | None = Field(None, ge=1, le=36_500)
    limits: Limits = Field(default_factory=Limits)
    oidc: OidcSettings = Field(default_factory=OidcSettings)

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("admin_token")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters; make one with: openssl rand -hex 32")
        return value

    @field_validator("default_project")
    @classmethod
    def _slug(cls, value: str | None) -> str | None:
        if value is not None and not SLUG.fullmatch(value):
            raise ValueError("must be a project slug: lower-case letters, digits and inner hyphens, at most 63")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            backend = make_url(value).get_backend_name()
        except ArgumentError:
            raise ValueError("is not a database URL; e.g. postgresql://user:password@host/name") from None
        if backend not in ("sqlite", "postgresql"):
            raise ValueError(f"names {backend!r}; sqlite and postgresql are supported")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @property
    def resolved_database_url(self) -> str:
        """The database in use: `database_url`, else SQLite inside the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir / 'atrium.db'}"

    @property
    def secrets(self) -> list[str]:
        """What must never stand in a log."""
        given = (self.admin_token, self.oidc.client_secret)
        passwords = (urlsplit(url).password for url in (self.database_url, self.redis_url) if url)
        return [*(secret.get_secret_value() for secret in given if secret), *(word for word in passwords if word)]

    @property
    def query_tokens_allowed(self) -> bool:
        """Long-lived tokens in a socket's URL: on by default on loopback only, URLs end up in logs."""
        if self.allow_query_token is not None:
            return self.allow_query_token
        return self.host in ("127.0.0.1", "::1", "localhost")


CUSTOMARY = {
    "SESSION_TTL": "session_ttl_s",
    "SESSION_HEARTBEAT": "session_heartbeat_s",
    "LOCK_DEFAULT_TTL": "lock_default_ttl_s",
    "LOCK_WAIT_TIMEOUT": "lock_wait_timeout_s",
}
"""Names without our prefix that are in use for these settings; with it, they win."""


def _customary() -> dict[str, str]:
    return {
        field: os.environ[name]
        for name, field in CUSTOMARY.items()
        if name in os.environ and f"ATRIUM_{field.upper()}" not in os.environ
    }


GROUPS: dict[str, type[BaseSettings]] = {"limits": Limits, "oidc": OidcSettings}
"""The settings that have a prefix of their own, by the name of their field."""


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment with `overrides` (command-line options; None = not given) on top.

    Raises `SettingsError` naming every bad setting at once.
    """
    problems: dict[str, str] = {}
    groups: dict[str, Any] = {name: _load_group(group, problems) for name, group in GROUPS.items()}
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**groups, **(_customary() | given))
    except ValidationError as error:
        problems |= _explain("ATRIUM_", error)
    if problems:
        raise SettingsError("\n".join(problems.values()))
    return settings


def _load_group(group: type[BaseSettings], problems: dict[str, str]) -> BaseSettings:
    try:
        return group()
    except ValidationError as error:
        problems |= _explain(str(group.model_config["env_prefix"]), error)
        return group.model_construct()


def _explain(prefix: str, error: ValidationError) -> dict[str, str]:
    """One line per bad setting, by its name."""
    lines = {}
    for detail in error.errors():
        name = prefix + str(detail["loc"][0]).upper()
        shown = "" if name in SECRETS or detail["input"] is None else f" (got {detail['input']!r})"
        lines[name] = f"{name}: {detail['msg'].removeprefix('Value error, ')}{shown}"
    return lines
