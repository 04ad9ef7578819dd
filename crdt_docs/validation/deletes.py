"""Delete sets: which ids an update marks as deleted (Yjs: utils/DeleteSet.js)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from crdt_docs.errors import InvalidUpdate
from crdt_docs.validation.primitives import read_uint
from crdt_docs.validation.rules import Rules

DeleteSet = Mapping[int, Sequence[tuple[int, int]]]
"""client → (clock, length), ascending and not touching."""


def read_delete_set(data: bytes, pos: int, rules: Rules) -> tuple[dict[int, list[tuple[int, int]]], int]:
    """The delete set at `pos` and the position after it.

    Every Yjs encoder sorts and merges its ranges; the engine takes quadratic time for ranges that are not.
    """
    clients, pos = read_uint(data, pos)
    if not clients:
        return {}, pos
    if clients > rules.max_clients:
        raise InvalidUpdate("update.too_many_clients", f"The update deletes from {clients} clients.")
    deletes: dict[int, list[tuple[int, int]]] = {}
    left = rules.max_deletes
    for _ in range(clients):
        client, pos = read_uint(data, pos)
        if client in deletes:
            raise InvalidUpdate("update.repeated_client", f"The delete set lists client {client} twice.")
        count, pos = read_uint(data, pos)
        left -= count
        if left < 0:
            raise InvalidUpdate("update.too_many_deletes", f"The update has more than {rules.max_deletes} deletes.")
        deletes[client], pos = _read_ranges(data, pos, count)
    return deletes, pos


def _read_ranges(data: bytes, pos: int, count: int) -> tuple[list[tuple[int, int]], int]:
    ranges = []
    end = 0
    for _ in range(count):
        clock, pos = read_uint(data, pos)
        length, pos = read_uint(data, pos)
        if clock < end or length == 0:
            raise InvalidUpdate("update.delete_range", "The ranges of a delete set are empty or not in order.")
        end = clock + length
        ranges.append((clock, length))
    return ranges, pos


def covers(have: DeleteSet, wanted: DeleteSet) -> bool:
    """Whether everything that `wanted` deletes is deleted in `have`. Both are sorted; `have` is merged."""
    return all(
        _covers_range(have.get(client, ()), clock, length)
        for client, ranges in wanted.items()
        for clock, length in ranges
    )


def _covers_range(have: Sequence[tuple[int, int]], clock: int, length: int) -> bool:
    index = bisect_right(have, clock, key=lambda entry: entry[0]) - 1
    return index >= 0 and clock + length <= sum(have[index])


def merged(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ascending ranges with the touching ones joined."""
    out: list[tuple[int, int]] = []
    for clock, length in ranges:
        if out and sum(out[-1]) == clock:
            out[-1] = (out[-1][0], out[-1][1] + length)
        else:
            out.append((clock, length))
    return out
