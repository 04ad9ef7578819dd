"""A cache whose entries live for a moment: for answers that every frame or request asks for again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from server.kit.clock import Clock
from server.kit.single_flight import SingleFlight

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class MomentCache(Generic[K, V]):
    """Keeps what was loaded for `seconds`; holds at most `size` values and forgets all when full."""

    def __init__(self, clock: Clock, *, seconds: float = 1.0, size: int = 10_000) -> None:
        self._clock = clock
        self._seconds = seconds
        self._size = size
        self._entries: dict[K, tuple[float, V]] = {}
        self._clears = 0
        self._loads: SingleFlight[V] = SingleFlight()

    async def get(self, key: K, load: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """The value of `key`, by `load` unless it is remembered; raises what `load` raises, and remembers no error.

        All who ask at the same time wait for one `load`, but for those who ask after a `clear`.
        """
        entry = self._entries.get(key)
        if entry and self._clock.monotonic() < entry[0]:
            return entry[1]
        clears = self._clears
        return await self._loads.run((key, clears), lambda: self._load(key, load, clears))

    async def _load(self, key: K, load: Callable[[], Coroutine[Any, Any, V]], clears: int) -> V:
        value = await load()
        if clears == self._clears:  # else it may have been read before the change that made others clear
            self._put(key, value)
        return value

    def clear(self) -> None:
        """Forgets everything, also what is being loaded right now."""
        self._clears += 1
        self._entries.clear()

    def _put(self, key: K, value: V) -> None:
        if len(self._entries) >= self._size:
            self._entries.clear()
        self._entries[key] = (self._clock.monotonic() + self._seconds, value)
