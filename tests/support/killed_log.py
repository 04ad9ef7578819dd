"""A process that appends to a few documents and compacts them until it is killed; it prints what is acknowledged."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from server.documents import DocumentRecord, LoadedDocument
from tests.support.documents import Node, entry, running_node

DOCUMENTS = 4
ROWS_PER_SNAPSHOT = 7
PADDING = bytes(500)  # so that a commit spans pages
NUMBER_BYTES = 4


def key(document: int) -> str:
    """The key of the n-th document."""
    return f"docs/{document}"


def numbers_in(loaded: LoadedDocument) -> list[int]:
    """What was appended: the numbers in the snapshot, then those in the log."""
    state = loaded.snapshot or b""
    stored = [state[at : at + NUMBER_BYTES] for at in range(0, len(state), NUMBER_BYTES)]
    logged = [update[:NUMBER_BYTES] for _, row in loaded.entries for update in row.updates]
    return [int.from_bytes(number, "big") for number in stored + logged]


async def append_for_ever(node: Node, document: int, record: DocumentRecord) -> None:
    """Appends the next number, says so, and makes a snapshot now and then."""
    numbers = numbers_in(await node.documents.load(record.id))
    while True:
        numbers.append(len(numbers) + 1)
        update = numbers[-1].to_bytes(NUMBER_BYTES, "big") + PADDING
        seq = await node.append(record.id, [entry(update)])
        print(document, numbers[-1], flush=True)
        if seq % ROWS_PER_SNAPSHOT == 0:
            state = b"".join(number.to_bytes(NUMBER_BYTES, "big") for number in numbers)
            await node.documents.compact(record.id, state, seq)


async def main(url: str, folder: str) -> None:
    """Lives until it is killed."""
    async with running_node(url, Path(folder)) as node, asyncio.TaskGroup() as group:
        for document in range(DOCUMENTS):
            record = await node.documents.find("p", key(document))
            assert record is not None
            group.create_task(append_for_ever(node, document, record))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
