"""Atrium's Python client: the REST API, and documents that are edited live.

>>> async with AtriumClient("http://127.0.0.1:8000", token) as atrium:
...     async with atrium.document("acme/files/README.md") as document:
...         document.text.insert(0, "Hello from Python.\\n")
...         await document.saved()
"""

from client.atrium import AtriumClient
from client.errors import AtriumClientError, ConnectionLost
from client.live import LiveDocument
from client.model import CreatedToken, Document, DocumentDetail, File, FileContent, Imported, Project, Skipped, Token

__all__ = [
    "AtriumClient",
    "AtriumClientError",
    "ConnectionLost",
    "CreatedToken",
    "Document",
    "DocumentDetail",
    "File",
    "FileContent",
    "Imported",
    "LiveDocument",
    "Project",
    "Skipped",
    "Token",
]
