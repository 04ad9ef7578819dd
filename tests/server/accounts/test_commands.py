from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest

from server.access import Client, InvalidUser, Kind, NameTaken, UserNotFound
from server.accounts.commands import add_parsers
from server.accounts.errors import PasswordRefused, SignInFailed
from tests.support.access import Access

HERE = Client("192.0.2.1")


async def run(access: Access, *arguments: str) -> None:
    parser = argparse.ArgumentParser(prog="atrium")
    storage = argparse.ArgumentParser(add_help=False)
    storage.add_argument("--data-dir", type=Path)
    add_parsers(parser.add_subparsers(required=True), storage, lambda: 0)
    options = parser.parse_args(["user", *arguments])
    await options.work(access.database, access.events, options, access.projects.find_id)


def typing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


async def test_a_user_is_made(access: Access, capsys: pytest.CaptureFixture[str]) -> None:
    """The id alone is printed; kind and role are as asked for."""
    await run(access, "create", "release bot", "--kind", "agent", "--role", "editor")
    user = await access.accounts.users.get("release bot")
    assert capsys.readouterr().out == f"{user.id}\n"
    assert (user.kind, user.server_role) == (Kind.AGENT, "editor")


async def test_a_password_from_standard_input(
    access: Access, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, which is never printed; also for the built-in administrator."""
    typing(monkeypatch, "correct horse\nsomething else\n")
    await run(access, "create", "ada", "--password")
    typing(monkeypatch, "another horse\r\n")
    await run(access, "password", "admin")
    for name, password in (("ada", "correct horse"), ("admin", "another horse")):
        await access.accounts.sign_in.by_password(name, password, HERE)
    assert "horse" not in capsys.readouterr().out


async def test_disabled_and_enabled(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disabled user signs in no more until enabled; a running server notices what was open."""
    typing(monkeypatch, "correct horse\n")
    await run(access, "create", "ada", "--password")
    ada = await access.principal("ada")
    await run(access, "disable", "ada")
    assert await access.authenticator.sweep({str(ada.token_id)}) == {ada.token_id}
    with pytest.raises(SignInFailed):
        await access.accounts.sign_in.by_password("ada", "correct horse", HERE)
    await run(access, "enable", "ada")
    await access.accounts.sign_in.by_password("ada", "correct horse", HERE)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["create", "a/b"], InvalidUser),
        (["create", "admin"], InvalidUser),
        (["create", "eve"], NameTaken),
        (["create", "bot", "--kind", "agent", "--password"], PasswordRefused),
        (["create", "ada", "--password"], PasswordRefused),
        (["password", "eve"], PasswordRefused),
        (["password", "nobody"], UserNotFound),
        (["disable", "nobody"], UserNotFound),
        (["disable", "admin"], InvalidUser),
    ],
)
async def test_refusals(
    access: Access, monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: type[Exception]
) -> None:
    """Bad names, passwords that are too short, users that there are not, and the one that stays."""
    await access.roles.ensure_user("eve")
    typing(monkeypatch, "short\n")
    with pytest.raises(error):
        await run(access, *arguments)
    assert len(await access.accounts.users.list()) == 2
