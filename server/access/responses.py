"""How the OpenAPI document says which errors a route answers with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from server.kit.http import Problem


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers errors of these statuses as problem+json."""
    content = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}
