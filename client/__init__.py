"""Atrium's Python client: the REST API, documents that are edited live, and leases on what does not merge.

>>> async with AtriumClient("http://127.0.0.1:8000", token) as atrium:
...     async with atrium.document("acme/files/README.md") as document:
...         document.text.insert(0, "Hello from Python.\\n")
...         await document.saved()
"""

from client.atrium import AtriumClient
from client.errors import AtriumClientError, ConnectionLost, LeaseLost, LeaseRefused
from client.lease import Lease
from client.live import LiveDocument
from client.model import (
    CreatedToken,
    Document,
    DocumentDetail,
    File,
    FileContent,
    Imported,
    LeaseInfo,
    LeaseList,
    Project,
    Skipped,
    Token,
    Waiting,
)

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
    "Lease",
    "LeaseInfo",
    "LeaseList",
    "LeaseLost",
    "LeaseRefused",
    "LiveDocument",
    "Project",
    "Skipped",
    "Token",
    "Waiting",
]
