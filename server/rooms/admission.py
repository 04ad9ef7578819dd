"""What may enter one document: the rules of its kind, what is known already, and who owns which client id.

A client id belongs to the principal who used it first, by an update or by announcing it in awareness. Since everything
that anybody saw is in the log, nobody needs to relay another's changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crdt_docs.document import Document
from crdt_docs.errors import InvalidUpdate, NotOwner
from crdt_docs.names import Kind
from crdt_docs.validation import UpdateInfo, check_update, covers, delete_set, index_document, rules_for
from server.rooms.batch import Pending

SERVER = "server"
READ_ONLY = "update.read_only"


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """What one document may hold, in bytes."""

    update_bytes: int
    document_bytes: int


class Admission:
    """Judges updates one after the other; what it has accepted it counts on from then on.

    `known` is the state vector of everything accepted, whether it is in the log yet or not.
    """

    def __init__(
        self, kind: Kind, limits: RoomLimits, owners: Mapping[int, str], size: int, document: Callable[[], Document]
    ) -> None:
        """`document` gives the committed document; `size` is about its encoded bytes, and grows with what enters."""
        self._rules = rules_for(kind)
        self._limits = limits
        self._owners = dict(owners)
        self._reserved: set[int] = set()
        self._document = document
        self.known = document().state_vector()
        self._index = index_document(document().state(), self.known, self._rules)
        self.size = size

    def judge(self, update: bytes, author: str, *, writable: bool, is_new: bool) -> Pending:
        """A client's update. Unless `is_new` it may be all that the client has, and deletions are looked up.

        What brings nothing new comes back without an update. Raises `InvalidUpdate`, `MissingDependency`.
        """
        if len(update) > self._limits.update_bytes:
            raise InvalidUpdate("update.too_large", f"An update may have {self._limits.update_bytes} bytes.")
        info = check_update(update, self.known, self._rules, self._index)
        advances = info.advances(self.known)
        if not advances and not (info.deletes and (is_new or self._deletes_something(update))):
            return Pending(author=author)
        if not writable:
            raise InvalidUpdate(READ_ONLY, "You may read this document but not change it.")
        if advances and self.size + len(update) > self._limits.document_bytes:
            self._check_size(len(update))
        return self._accept(update, author, info, advances, owner=author)

    def judge_own(self, update: bytes, author: str) -> Pending:
        """The server's own edit on behalf of `author`: of any size, but by the same rules."""
        info = check_update(update, self.known, self._rules.unlimited(), self._index)
        return self._accept(update, author, info, info.advances(self.known), owner=SERVER)

    def may_speak_for(self, client: int, author: str) -> bool:
        """Whether the client id is free or `author`'s."""
        return self._owners.get(client, author) == author

    def announce(self, client: int, author: str) -> None:
        """The client id is `author`'s from now on; the claim is logged with its first update."""
        if client not in self._owners:
            self._owners[client] = author
            self._reserved.add(client)

    def _accept(
        self, update: bytes, author: str, info: UpdateInfo, advances: Mapping[int, int], *, owner: str
    ) -> Pending:
        claims = self._claim(owner, advances)
        self.known.update(advances)
        if info.facts:
            self._index.update(info.facts)
        self.size += len(update)
        return Pending(author, update, advances, claims)

    def _claim(self, owner: str, advances: Mapping[int, int]) -> tuple[int, ...]:
        """The client ids that are logged as `owner`'s with this update; raises `NotOwner`."""
        new: list[int] = []
        for client in advances:
            holder = self._owners.get(client)
            if holder is None or client in self._reserved:
                new.append(client)
            if holder is not None and holder != owner:
                raise NotOwner("update.not_owner", f"Client id {client} belongs to somebody else.")
        for client in new:
            self._owners[client] = owner
            self._reserved.discard(client)
        return tuple(new)

    def _deletes_something(self, update: bytes) -> bool:
        document = self._document()
        ours = document.diff(document.encoded_state_vector())  # no structs, the whole delete set
        return not covers(delete_set(ours), delete_set(update))

    def _check_size(self, more: int) -> None:
        self.size = len(self._document().state())
        if self.size + more > self._limits.document_bytes:
            raise InvalidUpdate(
                "document.too_large",
                f"The document would pass {self._limits.document_bytes} bytes; delete something or split it.",
            )
