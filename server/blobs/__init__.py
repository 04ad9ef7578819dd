"""Content-addressed store of binary files: the same bytes are kept once, under their SHA-256."""

from __future__ import annotations

from server.blobs.errors import BlobNotFound, UploadTooLarge
from server.blobs.model import Blob, Upload
from server.blobs.store import CHUNK_BYTES, BlobStore

__all__ = ["CHUNK_BYTES", "Blob", "BlobNotFound", "BlobStore", "Upload", "UploadTooLarge"]
