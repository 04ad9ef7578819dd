"""The files of projects: which exist, what is in them, and the documents behind them."""

from __future__ import annotations

from server.files.archive import ArchiveLimits
from server.files.archive_routes import archive_routes
from server.files.content import ContentService
from server.files.content_routes import content_routes
from server.files.documents_routes import documents_routes
from server.files.ensure import ensure_document
from server.files.events import FilesMoved
from server.files.gate import ProjectGate, Visit
from server.files.json_export import JsonExporter
from server.files.listing import DocumentListing
from server.files.resolver import DocumentResolver, Resolved
from server.files.routes import routes
from server.files.service import FileService
from server.files.transfer import ArchiveService
from server.files.trees import TreeService

__all__ = [
    "ArchiveLimits",
    "ArchiveService",
    "ContentService",
    "DocumentListing",
    "DocumentResolver",
    "FileService",
    "FilesMoved",
    "JsonExporter",
    "ProjectGate",
    "Resolved",
    "TreeService",
    "Visit",
    "archive_routes",
    "content_routes",
    "documents_routes",
    "ensure_document",
    "routes",
]
