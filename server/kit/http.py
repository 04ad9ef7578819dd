"""Problem+json (RFC 9457), pages of lists, and the exception handlers of the REST edge."""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from server.kit.errors import AtriumError, Invalid

logger = logging.getLogger(__name__)
T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=200, description="How many items at most.")]
Cursor = Annotated[str | None, Query(max_length=1024, description="`next_cursor` of the page before.")]


class Problem(BaseModel):
    """An error as REST clients see it (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    retryable: bool
    errors: list[dict[str, Any]] | None = None


PROBLEM_SCHEMA = Problem.model_json_schema()


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers errors of these statuses as problem+json."""
    content = {"application/problem+json": {"schema": PROBLEM_SCHEMA}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(key: str) -> str:
    """An opaque cursor for the sort key of a page's last item."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """The sort key in a cursor; raises `Invalid` for anything `encode_cursor` did not make."""
    if cursor is None:
        return None
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        decoded = key.decode()
    except ValueError:
        decoded = "\0"
    if "\0" in decoded:  # PostgreSQL takes no NUL in a text
        raise Invalid("The cursor is not one that this list returned; start again without it.")
    return decoded


def problem(error: AtriumError, headers: dict[str, str] | None = None, **members: Any) -> JSONResponse:
    """The response for an error; `members` are extension members (RFC 9457, section 3.2)."""
    body: dict[str, Any] = {
        "type": f"urn:atrium:error:{error.code}",
        "title": error.title,
        "status": error.http_status,
        "code": error.code,
        "detail": error.detail,
        "retryable": error.retryable,
    }
    if error.errors:
        body["errors"] = [dict(field) for field in error.errors]
    return _problem_response(body | members, error.http_status, headers)


def _problem_response(body: dict[str, Any], status: int, headers: dict[str, str] | None) -> JSONResponse:
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install_problem_handlers(app: FastAPI) -> None:
    """Every error of the REST edge leaves as problem+json."""
    app.add_exception_handler(AtriumError, _on_atrium_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_atrium_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AtriumError)
    headers = getattr(error, "headers", None)
    return problem(error, headers, **getattr(error, "members", {}))


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields: Sequence[Any] = error.errors()
    body = {
        "type": f"urn:atrium:error:{Invalid.code}",
        "title": "A field has a value that is not allowed.",
        "status": 422,
        "code": Invalid.code,
        "detail": "See `errors` for each field.",
        "retryable": False,
        "errors": [{"loc": list(field["loc"]), "msg": field["msg"]} for field in fields],
    }
    return _problem_response(body, 422, None)


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {
        "type": f"urn:atrium:error:http.{error.status_code}",
        "title": error.detail,
        "status": error.status_code,
        "code": f"http.{error.status_code}",
        "detail": error.detail,
        "retryable": False,
    }
    return _problem_response(body, error.status_code, dict(error.headers or {}))


async def _on_unexpected(request: Request, error: Exception) -> Response:
    logger.error("http.unexpected_error", exc_info=error, extra={"path": request.url.path})
    return problem(AtriumError("The server failed to answer; the fault is in its log."))
