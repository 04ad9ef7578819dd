"""The edges: sync sockets, health, metrics, the API reference, the web editor's page."""

from server.gateway.api_docs import ApiDocs
from server.gateway.control import ControlGateway, schema_page
from server.gateway.gateway import SyncGateway
from server.gateway.health import health_routes
from server.gateway.rate import RequestRate, request_limit
from server.gateway.server import build_server
from server.gateway.web import ApiHeaders, Assets, WebEditor

__all__ = [
    "ApiDocs",
    "ApiHeaders",
    "Assets",
    "ControlGateway",
    "RequestRate",
    "SyncGateway",
    "WebEditor",
    "build_server",
    "health_routes",
    "request_limit",
    "schema_page",
]
