"""Capabilities by the rules that make them, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

from server.access import Capabilities, Principal
from server.access.globs import parse_glob
from server.access.permission import Effect, Permission, Rule, Source

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Principal("user:ada", "ada", 0)


def capabilities(*rules: str, until: datetime | None = None) -> Capabilities:
    """From rules as in ``allow read file/src/**``, all of which expire at `until`."""
    return Capabilities(ADA, [_rule(str(number), rule, until) for number, rule in enumerate(rules)], NOW)


def _rule(id: str, text: str, until: datetime | None) -> Rule:
    effect, action, resource = text.split(" ", 2)
    permission = Permission(id, f"project/p/{resource}", frozenset({action}), Effect(effect))
    return Rule(permission, parse_glob(resource), Source.GRANT, (), None, until)
