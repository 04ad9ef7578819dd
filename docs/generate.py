"""Writes `docs/reference/settings.md` from `server/settings.py`; with `--check`, only says whether it is fresh."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from server.settings import Limits, OidcSettings, Settings

PAGE = Path(__file__).parent / "reference" / "settings.md"

MEANING = {
    "host": "Address to listen on.",
    "port": "Port to listen on; 0 takes any free one, and the line `Atrium listening on …` names it.",
    "data_dir": "Folder of the SQLite database, blobs and journals; created when missing.",
    "database_url": "SQLite or PostgreSQL. Without it, `atrium.db` in the data directory.",
    "redis_url": "Redis, for leases and for more than one node. Live documents do not use it.",
    "admin_token": "A secret of at least 32 characters that is an administrator's bearer token.",
    "anonymous_role": "What people who did not sign in may do in every project; nothing when unset.",
    "default_project": "Slug of the project for document names without a known kind, so that clients of another "
    "server keep their room names.",
    "log_format": "One line of text or one JSON object for each event, on standard error.",
    "log_level": "The least severe event that is logged.",
    "durability": "What an acknowledgement survives: `power`, a power cut (the disk is awaited at each commit); "
    "`process`, the death of the process.",
    "metrics_public": "Whether `/metrics` is open to everybody; otherwise to administrators.",
    "allow_query_token": "Whether long-lived tokens are taken from a socket's URL, where logs keep them; by default "
    "only when listening on loopback.",
    "allowed_origins": "Origins besides our own, separated by commas, whose pages may use the cookie.",
    "trusted_proxies": "Networks, separated by commas, whose `X-Forwarded-Proto` and `X-Forwarded-For` are believed.",
    "public_url": "The address people use, when a proxy stands before the server.",
    "session_ttl_s": "Seconds for which a [session](sessions.md) may be silent, or away, before it is over; also taken "
    "from `SESSION_TTL`.",
    "session_heartbeat_s": "Seconds between a client's signs of life; after twice as many without one its session is "
    "shown as disconnected. Also taken from `SESSION_HEARTBEAT`.",
    "lock_default_ttl_s": "Seconds a lease lives without a sign of life, unless asked for otherwise; also taken from "
    "`LOCK_DEFAULT_TTL`.",
    "lock_wait_timeout_s": "Seconds to wait for a lease, unless asked for otherwise; also taken from "
    "`LOCK_WAIT_TIMEOUT`.",
    "audit_keep_days": "Days after which acts leave the [audit log](../how-to/audit.md); unset, they stay for ever.",
    "drain_s": "Time over which sockets are closed when the server is told to stop.",
    "frame_bytes": "One WebSocket message.",
    "update_bytes": "One update.",
    "document_bytes": "One document's encoded state; deletions are accepted above it.",
    "structs_per_update": "Structs in one update.",
    "frames_per_s": "Frames from one connection, sustained; beyond, reading pauses.",
    "frames_burst": "Frames from one connection at once.",
    "inbound_bytes_per_s": "Bytes from one connection, sustained; beyond, reading pauses.",
    "inbound_bytes_burst": "Bytes from one connection at once.",
    "step1_per_s": "Requests for a document's state by one connection, sustained.",
    "step1_burst": "Requests for a document's state by one connection at once.",
    "outbox_high_water_bytes": "Unsent bytes from which on a peer is lagging and gets one difference later.",
    "outbox_bytes": "Unsent bytes at which a connection is closed (1013).",
    "lagging_s": "Time after which a connection that does not drain is closed (1013).",
    "connections": "Sockets on this server.",
    "connections_per_address": "Sockets from one address.",
    "connections_per_user": "Sockets of one user; visitors who did not sign in count by their address.",
    "connections_per_project": "Sockets with a document of one project open.",
    "documents_per_connection": "Documents on one Hocuspocus socket.",
    "authentication_s": "Time to authenticate.",
    "queued_bytes_before_authentication": "Bytes kept for a document that is not open yet.",
    "queued_frames_before_authentication": "Messages kept for a document that is not open yet.",
    "leases_per_session": "[Leases](leases.md) that one session has or waits for.",
    "leases_per_project": "Leases that all sessions of one project have or wait for.",
    "requests_per_s": "REST requests of one user, or of one address that nobody signed in from, sustained.",
    "requests_burst": "REST requests of one user or address at once.",
    "sign_ins_per_name": "Attempts to sign in under one name within five minutes.",
    "sign_ins_per_address": "Attempts to sign in from one address within five minutes.",
    "issuer": "The provider's address, exactly as its discovery document has it; signing in with it is off when unset.",
    "client_id": "What the provider calls this server.",
    "client_secret": "The secret that goes with it; unset for a public client.",
    "name": "What people know the provider by; it stands on the sign-in page.",
    "create_users": "Whether whoever the provider vouches for gets an account; otherwise only who has one and linked "
    "it signs in.",
    "upload_bytes": "One uploaded file or ZIP.",
    "text_file_bytes": "One text file; larger ones are kept as binary.",
    "room_memory_bytes": "Encoded state of idle documents kept in memory.",
    "room_idle_s": "Time an idle document stays in memory.",
}

HEAD = """# Settings

Settings come from the environment; `--host`, `--port`, `--data-dir`, `--database-url` and `--redis-url` of
`atrium serve` win over it. The server refuses to start on a bad value and lists all bad ones at once.

This page is written by `make docs` from [server/settings.py](../../server/settings.py).
"""
OIDC = """
## Identity provider

An OpenID Connect provider that people may [sign in with](../how-to/sign-in.md#an-identity-provider).
"""
LIMITS = """
## Limits

What one connection, document or message may cost. Sizes are in bytes, times in seconds.
"""


GROUPS = {"limits", "oidc"}
"""Fields that are groups of settings with a prefix of their own."""


def page() -> str:
    """The whole page."""
    groups = (Settings, Limits, OidcSettings)
    documented = {name for group in groups for name in group.model_fields} - GROUPS
    if documented != MEANING.keys():
        raise SystemExit(f"docs/generate.py: MEANING and the settings differ: {sorted(documented ^ MEANING.keys())}")
    return "\n".join([HEAD, *table(Settings), OIDC, *table(OidcSettings), LIMITS, *table(Limits), ""])


def table(group: type[BaseSettings]) -> Iterator[str]:
    """One row for each setting of a group."""
    prefix = group.model_config["env_prefix"]
    yield "| variable | default | values | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, field in group.model_fields.items():
        if name not in GROUPS:
            cells = (f"`{prefix}{name.upper()}`", default(field), values(field.annotation), MEANING[name])
            yield f"| {' | '.join(cells)} |"


def default(field: FieldInfo) -> str:
    """The default as one would write it into the environment."""
    value = field.default
    if value is None or value == ():
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def values(annotation: Any) -> str:
    """The kind of value that is accepted."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    choices = [choice for choice in get_args(annotation) if choice is not type(None)]
    if len(choices) == 1:
        return values(choices[0])
    names = {bool: "`true`, `false`", int: "whole number", float: "number", Path: "path"}
    return names.get(annotation, "text")


def main() -> int:
    """Writes the page, or checks it."""
    fresh = page()
    if "--check" not in sys.argv:
        PAGE.write_text(fresh, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != fresh:
        print(f"{PAGE.name} is stale: run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
