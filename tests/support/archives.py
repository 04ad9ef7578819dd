"""ZIP archives for tests, good and bad."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """An honest archive; a name that ends with '/' is a folder."""
    return zip_of((ZipInfo(name), data) for name, data in files.items())


def zip_of(members: Iterable[tuple[ZipInfo, bytes]]) -> bytes:
    """An archive of any (ZipInfo, data) pairs, deflated unless the info says otherwise."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for info, data in members:
            archive.writestr(info, data, compress_type=info.compress_type or ZIP_DEFLATED)
    return buffer.getvalue()
