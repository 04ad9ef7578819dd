from __future__ import annotations

import asyncio

import pytest

from server.accounts.errors import HashingCrowded, PasswordRefused
from server.accounts.passwords import MAX_WAITING, WORST, Passwords, checked
from tests.support.access import CountingHasher


@pytest.mark.parametrize(
    "password",
    ["correct horse", "          ", "пароль-длинный", "a" * 9 + "b", "ab" * 512, "🔑" * 9 + "x", "Ａ" * 5 + "bcdef"],
)
def test_any_composition_is_fine(password: str) -> None:
    """Length counts, not kinds of characters; what looks the same is the same."""
    if len(set(password)) > 1:
        assert checked(password, "ada") == checked(checked(password, "ada"), "ada")


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("", "10 to 1024"),
        ("short", "10 to 1024"),
        ("x" * 9, "10 to 1024"),
        ("xy" * 513, "10 to 1024"),
        ("ﷺ" * 200, "10 to 1024"),
        ("Ada Lovelace", "is the name"),
        ("ADA LOVELACE", "is the name"),
        ("Ａｄａ Lovelace", "is the name"),
        ("Password123", "first that are guessed"),
        ("1234567890", "first that are guessed"),
        ("aaaaaaaaaa", "first that are guessed"),
    ],
)
def test_what_is_refused(password: str, says: str) -> None:
    """Too short, too long (normalised), the name, or one of the worst; the refusal does not repeat it."""
    with pytest.raises(PasswordRefused, match=says) as refused:
        checked(password, "Ada Lovelace")
    assert refused.value.errors[0]["loc"] == ["body", "password"]
    assert len(password) < 5 or password not in refused.value.detail


def test_the_worst_would_pass_otherwise() -> None:
    """The list has no entries that the length refuses already, and all in the form that is compared."""
    assert all(len(word) >= 10 and word == word.casefold() for word in WORST)


async def test_what_is_kept_is_a_salted_argon2id_hash() -> None:
    """The same password is kept otherwise each time, and matches itself alone, however it is composed."""
    passwords = Passwords()
    one, two = [await passwords.hash(checked("pässword phrase", "ada")) for _ in range(2)]
    assert one != two
    assert one.startswith("$argon2id$")
    assert await passwords.verify(one, "pa\u0308ssword phrase")
    assert not await passwords.verify(one, "password phrase")
    passwords.close()


async def test_nobody_costs_as_much_as_somebody() -> None:
    """Whoever has no password is compared with all the same, and is never right."""
    hasher = CountingHasher()
    passwords = Passwords(hasher)
    assert not await passwords.verify(None, "whatever it is")
    assert hasher.worked == 1
    passwords.close()


async def test_old_hashes_are_known() -> None:
    """A hash of weaker parameters is outdated; one of today's is not."""
    weak, today = Passwords(CountingHasher()), Passwords()
    assert today.is_outdated(await weak.hash("correct horse"))
    assert not today.is_outdated(await today.hash("correct horse"))
    weak.close()
    today.close()


async def test_no_crowd_waits() -> None:
    """More than can be hashed soon are told to come again."""
    passwords = Passwords(CountingHasher())
    many = (passwords.verify(None, "x") for _ in range(MAX_WAITING + 50))
    results = await asyncio.gather(*many, return_exceptions=True)
    assert sum(isinstance(result, HashingCrowded) for result in results) == 50
    passwords.close()
