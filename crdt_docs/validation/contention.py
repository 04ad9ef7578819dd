"""How long the engine would search for the places of an update's structs.

Structs that name the same left neighbour compete for one place, and each is compared with those before it (Yjs:
structs/Item.js, `integrate`): 180 KB of such structs take it 40 s. What honest clients make is cheap: whoever types in
front of what was typed before names that as the right neighbour, which ends the search at once.
"""

from __future__ import annotations

from crdt_docs.errors import InvalidUpdate
from crdt_docs.structs import Id

Place = Id | bytes
"""A left neighbour; for structs without one, the encoded parent and key."""

MAX_COMPARISONS = 4_000_000
"""About half a second."""
FEW_STRUCTS = 1_000
"""No update of so few can take long."""


class Contention:
    """Refuses an update whose structs, given in wire order, would take the engine too many comparisons.

    How many they take at most is cheap to count; they are looked at one by one when that is too much.
    """

    def __init__(self) -> None:
        self._at_most = 0
        self._crowded: dict[Place, int] = {}  # how many structs each place has
        self._log: list[tuple[Place, Id | None, Id]] = []
        self._estimate: _Estimate | None = None

    def add(self, place: Place, right: Id | None, id: Id) -> None:
        """Counts the struct `id`; raises `InvalidUpdate` when it gets too much."""
        if self._estimate:
            self._estimate.add(place, right, id)
            return
        size = self._crowded[place] = self._crowded.get(place, 0) + 1
        self._at_most += size
        self._log.append((place, right, id))
        if self._at_most > MAX_COMPARISONS:
            self._estimate = _Estimate()
            for logged in self._log:
                self._estimate.add(*logged)


class _Estimate:
    """Estimates the comparisons for one update's structs."""

    def __init__(self) -> None:
        self._first: dict[Place, tuple[Id, Id | None]] = {}  # place → the struct there and its right neighbour
        self._crowds: dict[Place, _Crowd] = {}
        self._comparisons = 0

    def add(self, place: Place, right: Id | None, id: Id) -> None:
        """Counts the struct `id`; raises `InvalidUpdate` when it gets too much."""
        first = self._first.setdefault(place, (id, right))
        if first[0] is id:
            return
        crowd = self._crowds.get(place)
        if crowd is None:
            crowd = self._crowds[place] = _Crowd(*first)
        self._comparisons += crowd.join(id, right)
        if self._comparisons > MAX_COMPARISONS:
            raise InvalidUpdate("update.contention", "Too many structs of the update compete for the same places.")


class _Crowd:
    """The structs of one place."""

    __slots__ = ("rights", "size", "start")

    def __init__(self, start: Id, right: Id | None) -> None:
        self.start = start
        self.size = 1
        self.rights = {(start[0], right)}

    def join(self, id: Id, right: Id | None) -> int:
        """With how many the struct is compared: none in front of the first, one beside its like of the same client."""
        self.size += 1
        if right == self.start:
            self.start = id
            return 0
        like = (id[0], right)
        if like in self.rights:
            return 1
        self.rights.add(like)
        return self.size
