from __future__ import annotations

import pytest

from crdt_docs.document import Document
from server.files.errors import NotExportable
from server.files.json_export import JsonExporter


async def test_what_cannot_be_read_ends_only_the_process() -> None:
    """Bytes that are not a document are one failed request; the next one is served."""
    exporter = JsonExporter()
    with pytest.raises(NotExportable):
        await exporter.to_json(b"\xff\xff")
    assert await exporter.to_json(Document().state()) == b"{}"
