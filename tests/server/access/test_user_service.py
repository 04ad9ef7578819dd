from __future__ import annotations

import pytest

from server.access import InvalidUser, Kind, NameTaken, UserNotFound, UserService
from tests.support.access import Access


@pytest.fixture
def users(access: Access) -> UserService:
    return access.accounts.users


async def test_users_are_found_by_id_and_name(access: Access, users: UserService) -> None:
    """The built-in administrator too; neither guests nor the server itself, nor what is no text."""
    ada = await access.roles.ensure_user("ada")
    for reference, id in (("ada", ada.id), (ada.id, ada.id), ("admin", "admin")):
        assert (await users.get(reference)).id == id
    for reference in ("Ada", "nobody", "anonymous", "server", "Guest", "Atrium", "", "\0"):
        with pytest.raises(UserNotFound):
            await users.get(reference)


async def test_a_name_is_taken_once(access: Access, users: UserService) -> None:
    """By a new user or by renaming; the name that was given up is free again."""
    ada, eve = await access.roles.ensure_user("ada"), await access.roles.ensure_user("eve")
    with pytest.raises(NameTaken):
        access.database.write_sync(lambda session: users.add(session, users.new("ada")))
    with pytest.raises(NameTaken):
        await users.rename(eve, "ada")
    await users.rename(ada, "lovelace")
    assert (await users.rename(eve, "ada")).id == eve.id
    for name in ("admin", "ADMIN", "a:b", ""):
        with pytest.raises(InvalidUser):
            await users.rename(eve, name)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("Grace", "Grace"),
        ("ada", "ada 2"),
        ("admin", "admin 1"),
        ("Server", "Server 1"),
        ("", "user 1"),
        ("//::", "user 1"),
        ("a/b\u202ec", "abc"),
        ("x" * 200, "x" * 56),
        ("e\u0301", "é"),
    ],
)
async def test_a_foreign_name_becomes_one_of_ours(access: Access, users: UserService, wanted: str, given: str) -> None:
    """Whatever a provider calls somebody, they get a valid name that nobody else has."""
    await access.roles.ensure_user("ada")
    made = [access.database.write_sync(lambda session: users.add_like(session, wanted)) for _ in range(2)]
    assert made[0].name == given
    assert made[1].name != given
    assert (await users.get(made[1].name)).id == made[1].id
    assert made[0].kind is Kind.PERSON
