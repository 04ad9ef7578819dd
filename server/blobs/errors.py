"""What can go wrong with blobs."""

from __future__ import annotations

from server.kit.errors import NotFound, TooLarge


class BlobNotFound(NotFound):
    """The store has no such blob."""

    code = "blob.not_found"


class UploadTooLarge(TooLarge):
    """The upload is larger than this server accepts."""

    code = "upload.too_large"
