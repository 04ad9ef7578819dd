"""Blobs and the uploads they are made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes in the store: their SHA-256 in hex and their number."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes received completely, not in the store yet: in memory when there are few, else in a temporary file."""

    content: bytes | Path
    sha256: str
    size: int

    @property
    def path(self) -> Path:
        """The temporary file of what was received with nothing in memory."""
        assert isinstance(self.content, Path)
        return self.content

    def read(self) -> bytes:
        """All bytes; blocks unless they are in memory."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()
