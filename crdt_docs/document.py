"""One shared document: a pycrdt `Doc` behind an interface whose faults are told apart.

pycrdt answers bytes that it cannot decode with `ValueError` and anything worse with a panic, which derives from
`BaseException`, or with a `Doc` that breaks on every later call. `_translated` is the one place that knows this.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import pycrdt

from crdt_docs.errors import CrdtError, DocumentPoisoned, InvalidUpdate, MalformedMessage
from crdt_docs.lib0 import Reader, var_uint
from crdt_docs.structs import encode_delete_set, read_delete_set
from crdt_docs.validation.deletes import merged

T = TypeVar("T")

CONTENT_HASH_VERSION = b"atrium-content-1\n"


class Document:
    """A document in memory. Not thread-safe; once it has raised `DocumentPoisoned` every call does.

    Callers validate updates before they apply them. What builds on something unknown here would wait inside of pycrdt,
    neither visible nor reported, and pycrdt 0.14 loses part of what waits when the missing update comes.
    """

    def __init__(self) -> None:
        # Yjs draws client ids of 32 bits; pycrdt would draw 53, which cost more in every id that is written.
        self._doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=secrets.randbelow(2**32 - 1) + 1)
        self._state: bytes | None = None
        self._poison: str | None = None

    @property
    def raw(self) -> pycrdt.Doc[Any]:
        """The pycrdt document, to be read only; `edit` is the way to change it."""
        return self._doc

    def apply(self, updates: Iterable[bytes]) -> None:
        """Applies updates in one transaction, in order.

        Raises `InvalidUpdate` at the first one that cannot be decoded: those before it are applied, those after it
        are not. Raises `DocumentPoisoned` when the document broke.
        """
        self._state = None
        with self._translated(), self._doc.transaction():
            for update in updates:
                try:
                    self._doc.apply_update(update)
                except ValueError as error:
                    raise InvalidUpdate("update.malformed", str(error)) from None

    def edit(self, change: Callable[[pycrdt.Doc[Any]], T]) -> tuple[T, bytes]:
        """Runs `change` in one transaction; returns its result and the update it made, b"" when it changed nothing.

        An error of `change` passes through when it had changed nothing yet. pycrdt cannot roll back, so a change that
        failed half way poisons the document.
        """
        made: list[bytes] = []
        failure: Exception | None = None
        self._state = None
        with self._translated():
            subscription = self._doc.observe(lambda event: made.append(event.update))
            with self._doc.transaction():
                try:
                    result = change(self._doc)
                except Exception as error:  # whatever the caller's function raises
                    failure = error
            self._doc.unobserve(subscription)
            if failure is not None and made:
                raise DocumentPoisoned("document.half_edited", f"An edit failed half way: {failure!r}") from failure
        if failure is not None:
            raise failure
        return result, b"".join(made)

    def state(self) -> bytes:
        """The whole document as one update, encoded once per version."""
        if self._state is None:
            with self._translated():
                self._state = self._doc.get_update()
        return self._state

    def diff(self, state_vector: bytes) -> bytes:
        """An update of what a peer with `state_vector` lacks; raises `MalformedMessage` if it is not one.

        pycrdt allocates what a state vector announces, so it gets no more than clients and clocks it knows itself.
        """
        known, theirs = self.state_vector(), decode_state_vector(state_vector)
        common = {client: min(clock, theirs[client]) for client, clock in known.items() if client in theirs}
        with self._translated():
            return self._doc.get_update(encode_state_vector(common))

    def state_vector(self) -> dict[int, int]:
        """Client id to the next clock expected of it."""
        return _read_state_vector(Reader(self.encoded_state_vector()))

    def encoded_state_vector(self) -> bytes:
        """The state vector as the wire has it."""
        with self._translated():
            return self._doc.get_state()

    def text(self, root: str = "content") -> str:
        """The root Y.Text `root` as a string."""
        with self._translated():
            return str(self._doc.get(root, type=pycrdt.Text))

    def content_hash(self, visible: str = "") -> str:
        """SHA-256 in hex of what this document has seen: equal for peers that agree, however updates reached them.

        It covers the state vector, the merged delete set and `visible`, the canonical visible content of a document
        with a shape (a file's text); docs/reference/shapes.md has the bytes. In Yjs an id names its content for ever,
        so state vector and delete set alone tell any two honest replicas apart. `visible` also finds what they cannot:
        two contents under one id, from a client id that was used twice, or a fault in a replica's integration.
        """
        with self._translated():
            reader = Reader(pycrdt.Snapshot.from_doc(self._doc).encode())
        deletes = {client: merged(sorted(ranges)) for client, ranges in sorted(read_delete_set(reader).items())}
        clocks = dict(sorted(_read_state_vector(reader).items()))
        seen = encode_state_vector(clocks) + encode_delete_set(deletes)
        return hashlib.sha256(CONTENT_HASH_VERSION + seen + visible.encode()).hexdigest()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Lets our own errors through; after anything else the document cannot be trusted."""
        if self._poison is not None:
            raise DocumentPoisoned("document.poisoned", self._poison)
        try:
            yield
        except DocumentPoisoned as error:
            self._poison = error.detail
            raise
        except (CrdtError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as fault:  # a panic of pycrdt derives from nothing narrower
            self._poison = f"The CRDT engine gave up: {fault}"
            raise DocumentPoisoned("document.panic", self._poison) from fault


def decode_state_vector(data: bytes, max_clients: int = 100_000) -> dict[int, int]:
    """Client id to next clock; raises `MalformedMessage` for bytes that are not a state vector of bounded size."""
    reader = Reader(data)
    clocks = _read_state_vector(reader, max_clients)
    reader.end()
    return clocks


def encode_state_vector(clocks: Mapping[int, int]) -> bytes:
    """The inverse of `decode_state_vector`, clients in the order of the mapping."""
    return var_uint(len(clocks)) + b"".join(var_uint(client) + var_uint(clock) for client, clock in clocks.items())


def _read_state_vector(reader: Reader, max_clients: int | None = None) -> dict[int, int]:
    count = reader.var_uint()
    if max_clients is not None and count > max_clients:
        raise MalformedMessage(
            "state_vector.clients", f"A state vector has {count} clients; {max_clients} are allowed."
        )
    return {reader.var_uint(): reader.var_uint() for _ in range(count)}
