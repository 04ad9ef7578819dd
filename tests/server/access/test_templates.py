from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.access.permission import Permission
from server.access.templates import Template, dump_template, load_template

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GRANT = Permission("", "file/**", frozenset({"read", "write"}), "deny", ("ip:192.0.2.0/24",))


def test_a_template_survives_storage() -> None:
    """What is loaded is what was dumped, with and without a role and a time."""
    for template in (Template("a", "x"), Template("b", "", "viewer", timedelta(days=1), (GRANT,))):
        assert load_template(template.name, dump_template(template)) == template


def test_what_is_given_ends_when_it_is_said() -> None:
    """An end that is named goes before the template's time; without either it is for good."""
    until = NOW + timedelta(days=7)
    assert Template("a", "", lasts=timedelta(days=1)).ends(NOW, None) == NOW + timedelta(days=1)
    assert Template("a", "", lasts=timedelta(days=1)).ends(NOW, until) == until
    assert Template("a", "").ends(NOW, None) is None
    assert [grant.expires for grant in Template("a", "", grants=(GRANT,)).grants_until(until)] == [until]
