"""A crash journal: which document was being applied when the process died.

It survives the process, not a power cut: a `pwrite` into the page cache without fsync, a mark costs a microsecond.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

SLOT = struct.Struct("<QQ")  # document id (0 = free), highest log sequence that was being applied
SLOTS = 16
FREE = SLOT.pack(0, 0)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A document whose rows up to `seq` were being applied when a process died."""

    document_id: int
    seq: int


class ApplyJournal:
    """One file of fixed slots: one for what is being applied now, the others for suspects of earlier lives.

    Marks do not nest: one event loop applies one thing at a time. With every slot taken by a suspect, the last one
    is given up for new marks.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        stored = os.pread(self._file, SLOT.size * SLOTS, 0).ljust(SLOT.size * SLOTS, b"\0")
        slots = [Suspect(*fields) for fields in SLOT.iter_unpack(stored)]
        self._suspects = {index: suspect for index, suspect in enumerate(slots) if suspect.document_id}
        own = next((index for index in range(SLOTS) if index not in self._suspects), SLOTS - 1)
        self._suspects.pop(own, None)
        self._offset = own * SLOT.size

    def mark(self, document_id: int, seq: int) -> None:
        """Notes that rows up to `seq` are about to be applied."""
        os.pwrite(self._file, SLOT.pack(document_id, seq), self._offset)

    def clear(self) -> None:
        """Notes that the process has survived what it marked."""
        os.pwrite(self._file, FREE, self._offset)

    def suspects(self) -> list[Suspect]:
        """What earlier processes died of, perhaps, and nobody has absolved since."""
        return list(self._suspects.values())

    def absolve(self, document_id: int) -> None:
        """Forgets the suspicion: the document has been examined."""
        for index in [index for index, suspect in self._suspects.items() if suspect.document_id == document_id]:
            os.pwrite(self._file, FREE, index * SLOT.size)
            del self._suspects[index]

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)
