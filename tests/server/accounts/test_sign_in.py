from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from server.access import Client, Forbidden, Kind, Principal, TokenKind, Unauthenticated
from server.accounts.errors import SignInAgain, SignInFailed, WrongPassword
from server.accounts.passwords import Passwords
from server.accounts.sign_in import SignInService
from server.accounts.throttle import SignInThrottle
from server.kit.audit import Outcome
from server.kit.errors import RateLimited
from tests.support.access import ADMIN_TOKEN, Access

PASSWORD = "correct horse"
HERE = Client("192.0.2.1", "Test/1")


@pytest.fixture
def service(access: Access) -> SignInService:
    return access.accounts.sign_in


@pytest.fixture
async def ada(access: Access) -> Principal:
    """Ada, who has a password, in a web session of hers."""
    admin = await access.authenticator.token(ADMIN_TOKEN)
    await access.accounts.administration.create(admin, "ada", Kind.PERSON, password=PASSWORD)
    _, principal = await access.accounts.sign_in.by_password("ada", PASSWORD, HERE)
    access.acts.clear()
    return principal


async def test_the_password_opens_a_session(access: Access, service: SignInService, ada: Principal) -> None:
    """A new web session of that user, from there, with the time of the sign-in."""
    issued, principal = await service.by_password("ada", PASSWORD, HERE)
    assert (principal.id, principal.signed_in_at) == (ada.id, access.clock.now())
    assert (issued.token.address, issued.token.user_agent) == ("192.0.2.1", "Test/1")
    assert issued.token.parent_id is None


@pytest.mark.parametrize("name", ["ada", "nobody", "guest", "server", "admin", "", "a\0b", "user:unknown", "x" * 300])
async def test_no_failure_tells_more(access: Access, service: SignInService, ada: Principal, name: str) -> None:
    """Wrong password, no password, no such user: the same error after one comparison by argon2 each."""
    worked = access.hasher.worked
    with pytest.raises(SignInFailed) as failed:
        await service.by_password(name, "wrong password", HERE)
    assert access.hasher.worked == worked + 1
    assert failed.value.detail == SignInFailed().detail


async def test_a_disabled_user_costs_as_much(access: Access, service: SignInService, ada: Principal) -> None:
    """The right password of a disabled user is a wrong one, and what they had open is closed."""
    await access.accounts.users.disable(await access.accounts.users.get("ada"))
    worked = access.hasher.worked
    with pytest.raises(SignInFailed):
        await service.by_password("ada", PASSWORD, HERE)
    assert access.hasher.worked == worked + 1
    assert await access.authenticator.sweep({str(ada.token_id)}) == {ada.token_id}


async def test_many_at_once_are_counted(access: Access, service: SignInService, ada: Principal) -> None:
    """A thousand guesses at the same moment are ten guesses."""
    tries = [service.by_password("ada", f"wrong password {n}", Client(f"192.0.2.{n}")) for n in range(50)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, SignInFailed) for result in results) == 10
    assert sum(isinstance(result, RateLimited) for result in results) == 40
    assert [act.outcome for act in access.acts] == [Outcome.FAILED] * 50
    access.clock.advance(300)
    await service.by_password("ada", PASSWORD, HERE)


async def test_every_attempt_is_an_act(access: Access, service: SignInService, ada: Principal) -> None:
    """Done or failed, by whom and from where; a failure names a user only if there is one, and never what was typed."""
    await service.by_password("ada", PASSWORD, HERE)
    for name in ("ada", "my secret password"):
        with pytest.raises(SignInFailed):
            await service.by_password(name, "wrong password", HERE)
    with pytest.raises(Unauthenticated):
        await service.by_token("nonsense", HERE)
    told = [(act.action, act.outcome, act.actor.id, act.detail.get("user")) for act in access.acts]
    assert told == [
        ("session.started", Outcome.DONE, ada.id, None),
        ("session.started", Outcome.FAILED, "anonymous", ada.id),
        ("session.started", Outcome.FAILED, "anonymous", None),
        ("session.started", Outcome.FAILED, "anonymous", None),
    ]
    assert {act.actor.address for act in access.acts} == {"192.0.2.1"}
    assert not any(secret in repr(access.acts) for secret in ("my secret", "wrong password", PASSWORD, "nonsense"))


async def test_weak_hashes_are_made_again(access: Access, ada: Principal) -> None:
    """A hash of former parameters is replaced when its owner signs in."""

    def kept() -> str:
        return str(
            access.database.read_sync(lambda session: session.execute(text("SELECT hash FROM password"))).one()[0]
        )

    passwords = Passwords()
    assert passwords.is_outdated(kept())
    service = SignInService(
        access.database,
        access.events,
        access.clock,
        users=access.accounts.users,
        tokens=access.tokens,
        passwords=passwords,
        throttle=SignInThrottle(access.clock, per_name=1, per_address=1),
    )
    await service.by_password("ada", PASSWORD, HERE)
    assert not passwords.is_outdated(kept())
    passwords.close()


async def test_changing_ones_password(access: Access, service: SignInService, ada: Principal) -> None:
    """With the current one; other web sessions end, this one and keys stay."""
    _, other = await service.by_password("ada", PASSWORD, HERE)
    key = await access.tokens.create(ada, TokenKind.PERSONAL, "laptop")
    with pytest.raises(WrongPassword):
        await service.set_password(ada, "wrong password", "new password")
    with pytest.raises(WrongPassword):
        await service.set_password(ada, None, "new password")
    await service.set_password(ada, PASSWORD, "new password")
    held = {str(ada.token_id), str(other.token_id), key.token.id}
    assert await access.authenticator.sweep(held) == {other.token_id}
    await service.by_password("ada", "new password", HERE)
    with pytest.raises(SignInFailed):
        await service.by_password("ada", PASSWORD, HERE)
    outcomes = [act.outcome for act in access.acts if act.action == "password.changed"]
    assert outcomes == [Outcome.FAILED, Outcome.FAILED, Outcome.DONE]


async def test_the_administrators_first_password(access: Access, service: SignInService) -> None:
    """Who signed in with the login link sets one within the hour, and signs in with it from then on."""
    _, late = await service.by_token(await access.tokens.create_login_link(), HERE)
    access.clock.advance(3601)
    with pytest.raises(SignInAgain):
        await service.set_password(late, None, "new password")
    _, fresh = await service.by_token(await access.tokens.create_login_link(), HERE)
    await service.set_password(fresh, None, "new password")
    _, admin = await service.by_password("admin", "new password", HERE)
    assert (admin.id, admin.is_admin) == ("admin", True)


async def test_a_key_sets_no_password(access: Access, service: SignInService) -> None:
    """A leaked key leaves nothing behind: neither itself nor a web session made with it sets a password."""
    token = await access.token("eve")
    _, in_browser = await service.by_token(token, HERE)
    assert in_browser.signed_in_at is None
    for principal in (await access.authenticator.token(token), in_browser):
        with pytest.raises(Forbidden, match=r"web session|too old"):
            await service.set_password(principal, None, "new password")


async def test_signing_out_everywhere(access: Access, service: SignInService, ada: Principal) -> None:
    """All web sessions and their tickets end, keys stay."""
    ticket = await access.tokens.create_ticket(ada, "project")
    key = await access.tokens.create(ada, TokenKind.PERSONAL, "laptop")
    _, other = await service.by_password("ada", PASSWORD, HERE)
    await service.end_all(ada)
    held = {str(ada.token_id), str(other.token_id), ticket.token.id, key.token.id}
    assert await access.authenticator.sweep(held) == held - {key.token.id}
