"""How many sockets there are, and how many one user, one project and one address may have of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from server.access import Principal
from server.gateway.errors import Crowded
from server.kit import metrics

NODE, ADDRESS, USER, PROJECT = "node", "address", "user", "project"
REASONS: Mapping[str, str | None] = {
    NODE: None,
    ADDRESS: "Too many sockets from this address; try again later.",
    USER: "You have too many sockets open; close some, or try again later.",
    PROJECT: "Too many sockets are open in this project; try again later.",
}

Place = tuple[str, str]


class Hall:
    """All seats of this process: so many for each kind of holder, none beyond them."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._taken: Counter[Place] = Counter()

    @property
    def sockets(self) -> int:
        """How many there are."""
        return self._taken[NODE, ""]

    def take(self, place: Place) -> None:
        """One more socket of this holder; raises `Crowded`, which every client takes as "try again later"."""
        if self._taken[place] >= self._limits[place[0]]:
            metrics.CONNECTIONS_OVER_LIMIT.labels(place[0]).inc()
            raise Crowded(REASONS[place[0]])
        self._taken[place] += 1

    def give_back(self, place: Place) -> None:
        """One socket of this holder less."""
        self._taken[place] -= 1
        if not self._taken[place]:
            del self._taken[place]

    @contextmanager
    def seats(self, address: str) -> Iterator[Seats]:
        """The seats of one socket, from its handshake to its end; raises `Crowded`."""
        seats = Seats(self, address)
        try:
            seats.take((NODE, ""))
            seats.take((ADDRESS, address))
            yield seats
        finally:
            seats.leave()


@dataclass(slots=True)
class Seats:
    """What one socket takes up: one seat for each holder, however many documents it opens for that one."""

    _hall: Hall
    address: str
    _held: Counter[Place] = field(default_factory=Counter)

    def take(self, place: Place) -> None:
        """Raises `Crowded`."""
        if not self._held[place]:
            self._hall.take(place)
        self._held[place] += 1

    def take_user(self, principal: Principal) -> None:
        """For the user; visitors count by their address. Raises `Crowded`."""
        self.take((USER, self.address if principal.is_anonymous else principal.id))

    def take_project(self, project_id: str) -> None:
        """For a project in which a document is open; raises `Crowded`."""
        self.take((PROJECT, project_id))

    def leave_project(self, project_id: str) -> None:
        """A document of the project is closed."""
        place = (PROJECT, project_id)
        self._held[place] -= 1
        if not self._held[place]:
            del self._held[place]
            self._hall.give_back(place)

    def leave(self) -> None:
        """The socket is gone, and everything it held is free."""
        held, self._held = self._held, Counter()
        for place in held:
            self._hall.give_back(place)
