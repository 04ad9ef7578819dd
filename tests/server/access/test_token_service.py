from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from server.access import Action, Forbidden, Kind, Principal, TokenKind, TokenNotFound, TokenRevoked, Unauthenticated
from server.access.model import BEARER_KINDS
from tests.support.access import ADMIN_TOKEN, Access, open_access

DAY = timedelta(days=1)
GUEST = Principal("anonymous", "Guest", 0)


@pytest.fixture
async def access(database_url: str) -> AsyncIterator[Access]:
    """On both databases."""
    async with open_access(database_url) as opened:
        yield opened


async def test_revocation_counts_at_once_and_is_told(access: Access) -> None:
    """A revoked token is refused by the next request, and subscribers learn of it."""
    token = await access.token("ada")
    principal = await access.authenticator.token(token)
    await access.tokens.revoke(str(principal.token_id), principal)
    with pytest.raises(Unauthenticated):
        await access.authenticator.token(token)
    assert access.published == [TokenRevoked(str(principal.token_id))]


async def test_what_a_token_made_ends_with_it(access: Access) -> None:
    """Revoking a token ends its sessions, their tickets, and the tokens made with it or in its sessions."""
    token = await access.token("ada")
    owner = await access.authenticator.token(token)
    session, in_browser = await access.tokens.sign_in(token)
    ticket = await access.tokens.create_ticket(in_browser, "project")
    agent = await access.tokens.create(in_browser, TokenKind.AGENT, "bot")
    await access.tokens.revoke(str(owner.token_id), owner)
    for text in (token, ticket.text, agent.text):
        with pytest.raises(Unauthenticated):
            await access.authenticator.token(text)
    with pytest.raises(Unauthenticated):
        await access.verifier.verify(session.text, {TokenKind.SESSION})
    told = {event.token_id for event in access.published if isinstance(event, TokenRevoked)}
    assert told == {owner.token_id, session.token.id, ticket.token.id, agent.token.id}


async def test_signing_out_keeps_tokens(access: Access) -> None:
    """A web session takes its tickets with it, not the tokens that were made in it."""
    session, in_browser = await access.tokens.sign_in(await access.token("ada"))
    agent = await access.tokens.create(in_browser, TokenKind.AGENT, "bot")
    ticket = await access.tokens.create_ticket(in_browser, "project")
    await access.tokens.sign_out(session.text)
    assert (await access.authenticator.token(agent.text)).kind is Kind.AGENT
    with pytest.raises(Unauthenticated):
        await access.authenticator.token(ticket.text)


async def test_a_token_does_not_outlive_its_maker(access: Access) -> None:
    """A session or token made with an expiring token expires with it at the latest."""
    user = await access.roles.ensure_user("ada")
    maker = await access.tokens.create_for(user, "laptop", lifetime=DAY)
    principal = await access.authenticator.token(maker.text)
    session, _ = await access.tokens.sign_in(maker.text)
    endless = await access.tokens.create(principal, TokenKind.PERSONAL, "endless")
    brief = await access.tokens.create(principal, TokenKind.PERSONAL, "brief", lifetime=DAY / 2)
    assert session.token.expires_at == endless.token.expires_at == maker.token.expires_at
    assert brief.token.expires_at == access.clock.now() + DAY / 2


async def test_a_revoked_token_makes_nothing(access: Access) -> None:
    """A principal authenticated before the revocation cannot leave a token behind after it."""
    principal = await access.principal("ada")
    await access.tokens.revoke(str(principal.token_id))
    with pytest.raises(Unauthenticated):
        await access.tokens.create(principal, TokenKind.PERSONAL, "afterwards")


async def test_somebody_elses_token_is_not_there(access: Access) -> None:
    """Only its owner and administrators revoke a token; to others it does not exist."""
    ada, eve = await access.principal("ada"), await access.principal("eve")
    for id in (str(ada.token_id), "unknown0", "", "'; --", "a" * 1000, "\0"):
        with pytest.raises(TokenNotFound):
            await access.tokens.revoke(id, eve)
    await access.tokens.revoke(str(ada.token_id), await access.authenticator.token(ADMIN_TOKEN))


async def test_an_agent_is_told_from_its_owner(access: Access) -> None:
    """An agent's token acts as its owner, under a name and colour of its own; so does everything made with it."""
    owner = await access.principal("ada")
    issued = await access.tokens.create(owner, TokenKind.AGENT, "reviewer")
    agent = await access.authenticator.token(issued.text)
    assert (agent.id, agent.name, agent.kind) == (owner.id, "reviewer (ada)", Kind.AGENT)
    ticket = await access.tokens.create_ticket(agent, "project")
    by_ticket = await access.authenticator.token(ticket.text)
    assert (by_ticket.name, by_ticket.kind, by_ticket.hue) == (agent.name, agent.kind, agent.hue)


async def test_scopes_are_handed_on(access: Access) -> None:
    """What is made with a narrowed token is as narrow."""
    owner = await access.principal("ada", "admin")
    issued = await access.tokens.create(owner, TokenKind.PERSONAL, "reader", scopes=frozenset({Action.READ}))
    reader = await access.authenticator.token(issued.text)
    assert owner.is_admin
    assert not reader.is_admin
    ticket = await access.tokens.create_ticket(reader, "project")
    assert (await access.authenticator.token(ticket.text)).scopes == {Action.READ}
    _, in_browser = await access.tokens.sign_in(issued.text)
    assert in_browser.scopes == {Action.READ}


async def test_visitors_and_narrowed_tokens_make_no_tokens(access: Access) -> None:
    """Nobody gets a wider or longer-lived token than the one in hand."""
    owner = await access.principal("ada")
    issued = await access.tokens.create(owner, TokenKind.PERSONAL, "writer", scopes=frozenset({Action.WRITE}))
    for principal in (GUEST, await access.authenticator.token(issued.text)):
        with pytest.raises(Forbidden):
            await access.tokens.create(principal, TokenKind.PERSONAL, "more")


async def test_the_login_link_works_once(access: Access) -> None:
    """Of many who open the link at the same moment one is signed in as the administrator, and nobody later."""
    link = await access.tokens.create_login_link()
    tries = await asyncio.gather(*(access.tokens.sign_in(link) for _ in range(8)), return_exceptions=True)
    signed_in = [result[1] for result in tries if isinstance(result, tuple)]
    assert [principal.is_admin for principal in signed_in] == [True]
    assert all(isinstance(result, Unauthenticated) for result in tries if not isinstance(result, tuple))
    with pytest.raises(Unauthenticated):
        await access.tokens.sign_in(link)


async def test_the_login_link_lasts_a_day(access: Access) -> None:
    """A link that nobody used in time is void, and so is one in whose place a newer one was made."""
    former, link = [await access.tokens.create_login_link() for _ in range(2)]
    with pytest.raises(Unauthenticated):
        await access.tokens.sign_in(former)
    access.clock.advance(25 * 3600)
    with pytest.raises(Unauthenticated):
        await access.tokens.sign_in(link)


async def test_the_session_outlives_its_login_link(access: Access) -> None:
    """Neither the link's end nor a newer one ends the session made with it."""
    session, _ = await access.tokens.sign_in(await access.tokens.create_login_link())
    await access.tokens.create_login_link()
    access.clock.advance(25 * 3600)
    await access.verifier.verify(session.text, {TokenKind.SESSION})


async def test_first_sign_in_is_awaited_until_it_happens(access: Access) -> None:
    """A new data directory waits for its administrator, a link that was only made does not change that."""
    assert await access.tokens.awaits_first_sign_in()
    link = await access.tokens.create_login_link()
    assert await access.tokens.awaits_first_sign_in()
    await access.tokens.sign_in(link)
    assert not await access.tokens.awaits_first_sign_in()


async def test_a_ticket_is_reusable_for_ten_minutes(access: Access) -> None:
    """A ticket opens its project's sockets any number of times, then no more."""
    principal = await access.principal("ada")
    ticket = await access.tokens.create_ticket(principal, "project")
    for _ in range(3):
        by_ticket = await access.authenticator.token(ticket.text)
        assert (by_ticket.id, by_ticket.project_scope) == (principal.id, "project")
    access.clock.advance(601)
    with pytest.raises(Unauthenticated):
        await access.authenticator.token(ticket.text)


async def test_a_ticket_that_expires_leaves_its_sockets_open(access: Access) -> None:
    """A socket hangs on the token behind its ticket, so that it outlives the ticket and ends with the token."""
    principal = await access.principal("ada")
    ticket = await access.tokens.create_ticket(principal, "project")
    held = {str((await access.authenticator.token(ticket.text)).token_id)}
    access.clock.advance(3600)
    assert await access.authenticator.sweep(held) == set()
    await access.tokens.revoke(str(principal.token_id))
    assert await access.authenticator.sweep(held) == held


async def test_old_tickets_are_forgotten(access: Access) -> None:
    """Rows of expired tickets do not pile up."""
    principal = await access.principal("ada")
    first = await access.tokens.create_ticket(principal, "project")
    access.clock.advance(2 * 24 * 3600)
    await access.tokens.create_ticket(principal, "project")
    with pytest.raises(TokenNotFound):
        await access.tokens.revoke(first.token.id)


async def test_a_visitor_gets_tickets_too(access: Access) -> None:
    """A visitor's ticket stands for a visitor, whose access is decided as always."""
    ticket = await access.tokens.create_ticket(GUEST, "project")
    assert (await access.authenticator.token(ticket.text)).is_anonymous


async def test_lists_name_live_tokens_only(access: Access) -> None:
    """One's own tokens and sessions in pages; neither tickets, nor revoked ones, nor those of others."""
    ada = await access.principal("ada")
    await access.principal("eve")
    made = [await access.tokens.create(ada, TokenKind.PERSONAL, f"token {number}") for number in range(4)]
    await access.tokens.create_ticket(ada, "project")
    await access.tokens.revoke(made[0].token.id, ada)
    expected = sorted([str(ada.token_id), *(issued.token.id for issued in made[1:])])
    first = await access.tokens.list(ada, limit=3)
    rest = await access.tokens.list(ada, after=first[-1].id, limit=3)
    assert [token.id for token in first + rest] == expected


async def test_a_web_session_is_always_new(access: Access) -> None:
    """Signing in twice makes two sessions: nobody can plant one that he knows."""
    token = await access.token("ada")
    first, second = [(await access.tokens.sign_in(token))[0] for _ in range(2)]
    assert first.text != second.text
    with pytest.raises(Unauthenticated):
        await access.tokens.sign_in(first.text)
    with pytest.raises(Unauthenticated):
        await access.verifier.verify(first.text, BEARER_KINDS)
