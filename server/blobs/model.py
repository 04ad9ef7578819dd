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
    """Bytes received completely into a temporary file that is not in the store yet."""

    path: Path
    sha256: str
    size: int
