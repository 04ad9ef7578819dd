"""Settings: read from the environment, all bad ones reported at once."""

from __future__ import annotations

import pytest

from server.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("ATRIUM_"):
            monkeypatch.delenv(name)


def test_everything_has_a_default() -> None:
    """An empty environment is a good one, and durable."""
    settings = load_settings()
    assert (settings.host, settings.port, settings.durability) == ("127.0.0.1", 8000, "power")
    assert settings.resolved_database_url == "sqlite:///data/atrium.db"
    assert settings.anonymous_role is None


def test_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option overrides the environment; one that is not given does not."""
    monkeypatch.setenv("ATRIUM_PORT", "9000")
    assert load_settings(port=9001).port == 9001
    assert load_settings(port=None).port == 9000


def test_all_bad_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each bad setting, of limits too, with what was given."""
    bad = {
        "ATRIUM_PORT": "70000",
        "ATRIUM_DURABILITY": "maybe",
        "ATRIUM_LIMIT_FRAMES_PER_S": "many",
        "ATRIUM_DATABASE_URL": "mysql://x/y",
        "ATRIUM_DEFAULT_PROJECT": "Not A Slug",
        "ATRIUM_TRUSTED_PROXIES": "10.0.0.0/99",
    }
    for name, value in bad.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    lines = str(caught.value).splitlines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(bad)


def test_a_short_admin_token_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The administrator's token needs 32 characters, and no message repeats it."""
    monkeypatch.setenv("ATRIUM_ADMIN_TOKEN", "hunter2")
    with pytest.raises(SettingsError, match="ATRIUM_ADMIN_TOKEN: must have at least 32") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("host", "allowed"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_tokens_in_urls_are_for_loopback(host: str, allowed: bool) -> None:
    """Long-lived tokens in a socket's URL are on by default only where nobody else listens."""
    assert load_settings(host=host).query_tokens_allowed is allowed


@pytest.mark.parametrize(
    ("given", "bad"),
    [
        ({"ISSUER": "https://id.example.com", "CLIENT_ID": "atrium"}, []),
        ({"ISSUER": "http://127.0.0.1:4000", "CLIENT_ID": "atrium", "CREATE_USERS": "true"}, []),
        ({"ISSUER": "https://id.example.com"}, ["CLIENT_ID"]),
        ({"CLIENT_ID": "atrium"}, ["CLIENT_ID"]),
        ({"ISSUER": "http://id.example.com", "CLIENT_ID": "atrium"}, ["ISSUER"]),
        ({"ISSUER": "id.example.com", "CREATE_USERS": "perhaps"}, ["ISSUER", "CREATE_USERS"]),
        ({"ISSUER": "https://id.example.com?x=y", "CLIENT_ID": "atrium", "NAME": ""}, ["ISSUER", "NAME"]),
    ],
)
def test_an_identity_provider_is_whole(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], bad: list[str]) -> None:
    """An issuer that is reached safely, with a client id; every bad part is named, beside other bad settings."""
    for name, value in given.items():
        monkeypatch.setenv(f"ATRIUM_OIDC_{name}", value)
    if not bad:
        assert load_settings().oidc.issuer == given["ISSUER"]
        return
    monkeypatch.setenv("ATRIUM_PORT", "70000")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    names = {line.split(":")[0] for line in str(caught.value).splitlines()}
    assert names == {"ATRIUM_PORT", *(f"ATRIUM_OIDC_{name}" for name in bad)}


def test_customary_names_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of sessions and leases are taken from the names in use elsewhere, unless ours says otherwise."""
    for name, value in (("SESSION_TTL", "90"), ("SESSION_HEARTBEAT", "5"), ("LOCK_WAIT_TIMEOUT", "7")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ATRIUM_SESSION_HEARTBEAT_S", "10")
    settings = load_settings()
    assert (settings.session_ttl_s, settings.session_heartbeat_s) == (90, 10)
    assert (settings.lock_wait_timeout_s, settings.lock_default_ttl_s) == (7, 300)
    monkeypatch.setenv("LOCK_DEFAULT_TTL", "soon")
    with pytest.raises(SettingsError, match="ATRIUM_LOCK_DEFAULT_TTL_S"):
        load_settings()
