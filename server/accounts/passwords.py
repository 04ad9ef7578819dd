"""Passwords: which ones are taken, and how they are kept: as argon2id hashes, made on a few threads."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from server.accounts.errors import HashingCrowded, PasswordRefused

T = TypeVar("T")

MIN_LENGTH, MAX_LENGTH = 10, 1024
THREADS = 2  # 64 MiB each
MAX_WAITING = 200

# The most used of those that are long enough; comparing with more of them is what the throttle makes unnecessary.
WORST = frozenset(
    {
        "0123456789", "0987654321", "1111111111", "1122334455", "1234567890", "12345678910", "123456789a",
        "1234567891", "123123123123", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc", "9876543210", "administrator",
        "asdfghjkl1", "asdfghjkl;", "changeme123", "iloveyou123", "letmein123", "password01", "password11",
        "password12", "password123", "password1234", "passw0rd123", "passwordpassword", "q1w2e3r4t5", "qazwsxedc1",
        "qwerty1234", "qwerty12345", "qwerty123456", "qwertyuiop", "welcome123", "zaq12wsxcde3",
    }
)  # fmt: skip


def normalised(password: str) -> str:
    """The same text for every keyboard that means the same (NFKC; RFC 8265, section 4.1, is of the same mind)."""
    return unicodedata.normalize("NFKC", password)


def checked(password: str, name: str) -> str:
    """`password` normalised; raises `PasswordRefused` when it is too short, too long, or the first one to be guessed.

    There are no rules of composition: they make passwords alike.
    """
    text = normalised(password)
    if not MIN_LENGTH <= len(text) <= MAX_LENGTH:
        raise PasswordRefused(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters; this one has {len(text)}.")
    if text.casefold() == normalised(name).casefold():
        raise PasswordRefused("The password is the name: choose another.")
    if text.casefold() in WORST or len(set(text)) == 1:
        raise PasswordRefused("This password is among the first that are guessed: choose another.")
    return text


class Passwords:
    """Hashes and compares off the event loop, on `THREADS` threads: no number of sign-ins takes the whole machine."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What to keep of a `checked` password."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether `kept` was made from `password`; None, for whoever has none, costs the same and is never right."""
        text = normalised(password)
        return await self._in_thread(lambda: self._verify(kept, text))

    def is_outdated(self, kept: str) -> bool:
        """Whether `kept` was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        """Waits for what is being hashed."""
        self._threads.shutdown()

    def _verify(self, kept: str | None, password: str) -> bool:
        if kept is None:
            self._hasher.hash(password)  # comparing is hashing too
            return False
        try:
            return self._hasher.verify(kept, password)
        except VerifyMismatchError:
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise HashingCrowded
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
