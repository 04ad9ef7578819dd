from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from server.access import Kind, SessionKind, TokenKind, Unauthenticated
from server.access.model import BEARER_KINDS
from tests.support.access import ADMIN_TOKEN, Access, open_access


async def test_a_token_stands_for_its_user(access: Access) -> None:
    """A valid token names its user, the token and nothing more."""
    user = await access.roles.ensure_user("ada")
    issued = await access.tokens.create_for(user, "laptop")
    principal = (await access.verifier.verify(issued.text, BEARER_KINDS)).principal
    assert (principal.id, principal.name, principal.hue) == (user.id, "ada", user.hue)
    assert (principal.token_id, principal.kind, principal.is_admin) == (issued.token.id, Kind.PERSON, False)


async def test_the_secret_is_not_stored(access: Access) -> None:
    """No column of any table holds the token, only its SHA-256."""
    token = await access.token("ada")
    rows = access.database.read_sync(lambda session: session.execute(text("SELECT * FROM token")).all())
    assert token.split("_")[3] not in repr(rows)


async def test_one_wrong_character_is_refused(access: Access) -> None:
    """The right id with another secret, its checksum in order, is refused like an unknown token."""
    issued = await access.tokens.create_for(await access.roles.ensure_user("ada"), "laptop")
    other = await access.tokens.create_for(await access.roles.ensure_user("eve"), "laptop")
    access.database.write_sync(
        lambda session: session.execute(
            text("UPDATE token SET digest = (SELECT digest FROM token WHERE id = :b) WHERE id = :a"),
            {"a": issued.token.id, "b": other.token.id},
        )
    )
    with pytest.raises(Unauthenticated) as wrong:
        await access.verifier.verify(issued.text, BEARER_KINDS)
    with pytest.raises(Unauthenticated) as unknown:
        await access.verifier.verify("atr_pat_aaaaaaaa_" + "a" * 43 + "_00000000", BEARER_KINDS)
    assert wrong.value.detail == unknown.value.detail


async def test_a_token_expires(access: Access) -> None:
    """A token counts until its last second, also while it is remembered."""
    user = await access.roles.ensure_user("ada")
    issued = await access.tokens.create_for(user, "laptop", lifetime=timedelta(seconds=0.5))
    await access.verifier.verify(issued.text, BEARER_KINDS)
    access.clock.advance(0.6)
    with pytest.raises(Unauthenticated):
        await access.verifier.verify(issued.text, BEARER_KINDS)


async def test_a_kind_is_good_for_its_purpose_only(access: Access) -> None:
    """A login link's token is no bearer, a personal token no web session."""
    link = await access.tokens.create_login_link()
    personal = await access.token("ada")
    for token, kinds in ((link, BEARER_KINDS), (personal, {TokenKind.SESSION}), (ADMIN_TOKEN, {TokenKind.SESSION})):
        with pytest.raises(Unauthenticated):
            await access.verifier.verify(token, kinds)


async def test_the_configured_token_is_the_administrator(access: Access) -> None:
    """`ATRIUM_ADMIN_TOKEN` is accepted verbatim, and nothing close to it."""
    principal = (await access.verifier.verify(ADMIN_TOKEN, BEARER_KINDS)).principal
    assert principal.id == "admin"
    assert principal.is_admin
    for close in (ADMIN_TOKEN[:-1], ADMIN_TOKEN + "x", ADMIN_TOKEN.upper(), ""):
        with pytest.raises(Unauthenticated):
            await access.verifier.verify(close, BEARER_KINDS)


async def test_sessions_end_with_the_configured_token(access: Access, tmp_path: Path) -> None:
    """After ATRIUM_ADMIN_TOKEN was replaced, what was opened with the former one is closed."""
    session, _ = await access.tokens.sign_in(ADMIN_TOKEN)
    await access.verifier.verify(session.text, {TokenKind.SESSION})
    async with open_access(tmp_path, admin_token="another-administrator-token-of-enough-characters") as restarted:
        with pytest.raises(Unauthenticated):
            await restarted.verifier.verify(session.text, {TokenKind.SESSION})


async def test_last_use_is_remembered_by_the_minute(access: Access) -> None:
    """Using a token is written down, once a minute at most."""
    token = await access.token("ada")
    principal = (await access.verifier.verify(token, BEARER_KINDS)).principal
    first = access.clock.now()
    for seconds, expected in ((59, first), (2, first + timedelta(seconds=61))):
        access.clock.advance(seconds)
        await access.verifier.verify(token, BEARER_KINDS)
        assert [listed.last_used_at for listed in await access.tokens.list(principal)] == [expected]


async def test_another_process_revokes_within_a_second(access: Access, tmp_path: Path) -> None:
    """A token revoked on the same database by somebody else is remembered for a second at most."""
    token = await access.token("ada")
    principal = (await access.verifier.verify(token, BEARER_KINDS)).principal
    async with open_access(tmp_path) as other:
        await other.tokens.revoke(str(principal.token_id))
    access.clock.advance(1.1)
    with pytest.raises(Unauthenticated):
        await access.verifier.verify(token, BEARER_KINDS)


async def test_sweep_finds_tokens_that_count_no_more(access: Access) -> None:
    """Revoked, expired and unknown tokens are returned; valid ones and the configured one are not."""
    user = await access.roles.ensure_user("ada")
    good = await access.tokens.create_for(user, "good", lifetime=timedelta(days=1))
    short = await access.tokens.create_for(user, "short", lifetime=timedelta(seconds=1))
    revoked = await access.tokens.create_for(user, "revoked")
    admin = (await access.verifier.verify(ADMIN_TOKEN, BEARER_KINDS)).principal.token_id
    await access.tokens.revoke(revoked.token.id)
    access.clock.advance(2)
    held = {good.token.id, short.token.id, revoked.token.id, str(admin), "unknown0"}
    assert await access.verifier.sweep(held) == {short.token.id, revoked.token.id, "unknown0"}


async def test_sweep_takes_any_number(access: Access) -> None:
    """More tokens than a database takes in one statement are swept all the same."""
    held = {f"{number:08d}" for number in range(40_000)}
    assert await access.verifier.sweep(held) == held


async def test_a_principal_says_how_it_came_in(access: Access) -> None:
    """By a web session or a key, and when they proved who they are; a ticket says what its maker did."""
    key = await access.principal("ada")
    agent = await access.authenticator.token((await access.tokens.create(key, TokenKind.AGENT, "bot")).text)
    _, by_key = await access.tokens.sign_in(await access.token("ada"))
    _, by_link = await access.tokens.sign_in(await access.tokens.create_login_link())
    for principal, kind, at in (
        (key, SessionKind.KEY, None),
        (agent, SessionKind.AGENT, None),
        (by_key, SessionKind.WEB, None),
        (by_link, SessionKind.WEB, access.clock.now()),
    ):
        ticket = await access.tokens.create_ticket(principal, "project")
        for seen in (principal, await access.authenticator.token(ticket.text)):
            assert (seen.session_kind, seen.signed_in_at) == (kind, at)


async def test_a_disabled_users_tokens_count_no_more(access: Access) -> None:
    """Also one that was made in the moment of disabling, and after they were enabled again those from before."""
    token = await access.token("ada")
    await access.accounts.users.disable(await access.accounts.users.get("ada"))
    late = await access.token("ada")
    for refused in (token, late):
        with pytest.raises(Unauthenticated):
            await access.verifier.verify(refused, BEARER_KINDS)
    await access.accounts.users.enable(await access.accounts.users.get("ada"))
    with pytest.raises(Unauthenticated):
        await access.verifier.verify(token, BEARER_KINDS)


async def test_a_user_is_seen(access: Access) -> None:
    """With a token's use goes when its user was last seen."""
    await access.principal("ada")
    assert (await access.roles.user("ada")).last_seen_at == access.clock.now()
