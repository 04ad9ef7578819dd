from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path

import pytest

from server.access import InvalidUser, LastOwner, Role, ServerRole, TokenNotFound, Unauthenticated
from server.access.commands import add_parsers, duration
from server.access.errors import UnknownProject
from server.kit.errors import Invalid
from tests.support.access import Access


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="atrium")
    storage = argparse.ArgumentParser(add_help=False)
    storage.add_argument("--data-dir", type=Path)
    add_parsers(parser.add_subparsers(required=True), storage, lambda: 0)
    return parser.parse_args(["token", *arguments])


async def run(access: Access, *arguments: str) -> None:
    options = parse(*arguments)
    await options.work(access.database, access.events, options, access.projects.find_id)


async def created(access: Access, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `atrium token create` prints, without the line's end."""
    await run(access, "create", *arguments)
    output = capsys.readouterr().out
    assert output.endswith("\n")
    return output[:-1]


async def test_the_token_is_printed_alone(access: Access, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is the token and nothing else, and a running server accepts it at once."""
    token = await created(access, capsys, "--user", "ada", "--expires", "90d")
    principal = await access.authenticator.token(token)
    assert principal.name == "ada"
    listed = await access.tokens.list(principal)
    assert listed[0].expires_at is not None
    assert timedelta(days=89) < listed[0].expires_at - listed[0].created_at <= timedelta(days=90)


@pytest.mark.parametrize(
    ("options", "server_role", "role"),
    [
        ([], None, None),
        (["--role", "viewer"], ServerRole.VIEWER, Role.VIEWER),
        (["--role", "owner"], ServerRole.OWNER, Role.OWNER),
        (["--role", "admin"], ServerRole.ADMIN, Role.OWNER),
        (["--project", "acme"], None, Role.EDITOR),
        (["--project", "acme", "--role", "viewer"], None, Role.VIEWER),
        (["--project", "acme", "--role", "owner"], None, Role.OWNER),
    ],
)
async def test_the_role_goes_where_it_is_said(
    access: Access,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    server_role: ServerRole | None,
    role: Role | None,
) -> None:
    """With a project the role holds there (editor unless said otherwise), without it on every project."""
    project = await access.projects.create("acme", "Acme", owner=await access.principal("eve", "owner"))
    principal = await access.authenticator.token(await created(access, capsys, "--user", "ada", *options))
    assert (await access.roles.standing(principal.id)).server_role == server_role
    assert await access.roles.role(principal.id, project.id) == role
    assert principal.is_admin is (server_role is ServerRole.ADMIN)


async def test_a_user_may_have_many_tokens(access: Access, capsys: pytest.CaptureFixture[str]) -> None:
    """The same name is the same user, and a token without a role leaves the role as it is."""
    tokens = [await created(access, capsys, "--user", "ada", *role) for role in (["--role", "editor"], [])]
    first, second = [await access.authenticator.token(token) for token in tokens]
    assert first.id == second.id
    assert first.token_id != second.token_id
    assert (await access.roles.user("ada")).server_role == ServerRole.EDITOR


async def test_the_administrator_gets_back_in(access: Access, capsys: pytest.CaptureFixture[str]) -> None:
    """`--user admin` is the built-in administrator: the way back when the login link is used and lost."""
    assert (await access.authenticator.token(await created(access, capsys, "--user", "admin"))).is_admin


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (["--user", ""], InvalidUser, "1 to 64 characters"),
        (["--user", "a/b"], InvalidUser, "no '/'"),
        (["--user", "server"], InvalidUser, "reserved"),
        (["--user", "admin", "--role", "viewer"], InvalidUser, "cannot be changed"),
        (["--user", "ada", "--project", "nowhere"], UnknownProject, "'nowhere'.*--data-dir"),
        (["--user", "ada", "--project", "No Slug"], UnknownProject, "'No Slug'"),
        (["--user", "ada", "--project", "acme", "--role", "admin"], Invalid, "leave out --project"),
        (["--user", "eve", "--project", "acme", "--role", "viewer"], LastOwner, "at least one owner"),
    ],
)
async def test_a_refusal_says_what_to_do(
    access: Access,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    error: type[Exception],
    says: str,
) -> None:
    """One line of what, why and what to do; nothing on standard output, and no user or token left behind."""
    await access.projects.create("acme", "Acme", owner=await access.principal("eve", "owner"))
    with pytest.raises(error, match=says) as refused:
        await run(access, "create", *arguments)
    assert "\n" not in str(refused.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["create"],
        ["create", "--user", "ada", "--role", "king"],
        ["create", "--user", "ada", "--expires", "soon"],
        ["revoke"],
        ["destroy"],
    ],
)
def test_bad_options_exit_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What argparse refuses is explained on standard error."""
    with pytest.raises(SystemExit) as exited:
        parse(*arguments)
    assert exited.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "length"), [("90d", 90 * 86400), ("12h", 43200), ("30m", 1800)])
def test_a_duration_has_a_unit(text: str, length: int) -> None:
    """Days, hours and minutes."""
    assert duration(text) == timedelta(seconds=length)


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5h", "1w", " 1d", "3651d", "9" * 30 + "d", "１d"])
def test_anything_else_is_no_duration(text: str) -> None:
    """Zero, negative, endless and unitless durations are refused."""
    with pytest.raises(argparse.ArgumentTypeError):
        duration(text)


async def test_revoke_ends_a_token(access: Access, capsys: pytest.CaptureFixture[str]) -> None:
    """`atrium token revoke ID` takes the id inside the token; a running server refuses it within a second."""
    token = await created(access, capsys, "--user", "ada")
    await access.authenticator.token(token)
    await run(access, "revoke", token.split("_")[2])
    access.clock.advance(1.1)
    with pytest.raises(Unauthenticated):
        await access.authenticator.token(token)
    with pytest.raises(TokenNotFound):
        await run(access, "revoke", "unknown0")
