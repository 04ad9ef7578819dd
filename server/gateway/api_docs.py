"""`/api/v1/docs`: the OpenAPI description as a page to read, without any script."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

Json = dict[str, Any]
METHODS = {"get", "post", "put", "patch", "delete"}
NONCE = "__ATRIUM_NONCE__"
STYLE = Path(__file__).with_suffix(".css").read_text()


class ApiDocs:
    """The page; `describe` gives the OpenAPI document, which is read when the page is first asked for."""

    def __init__(self, describe: Callable[[], Json]) -> None:
        self._describe = describe

    async def page(self, _request: Request) -> HTMLResponse:
        """The reference, under a policy that allows its own style and nothing else."""
        nonce = secrets.token_urlsafe(16)
        policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
        return HTMLResponse(self._html.replace(NONCE, nonce), headers={"Content-Security-Policy": policy})

    @cached_property
    def _html(self) -> str:
        api = self._describe()
        title = escape(api["info"]["title"])
        operations = list(_operations(api))
        links = "".join(f'<li><a href="#{id}"><code>{name}</code></a></li>' for id, name, _ in operations)
        schemas = api.get("components", {}).get("schemas", {})
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: REST reference</title>'
            f'<meta name="viewport" content="width=device-width"><style nonce="{NONCE}">{STYLE}</style>'
            f'<header><h1>{title}: REST reference</h1><p>For programs: <a href="openapi.json">openapi.json</a>.</p>'
            f'</header><nav aria-label="Requests"><ul>{links}</ul></nav>'
            f"<main><h2>Requests</h2>{''.join(map(_operation, operations))}"
            f"<h2>Bodies</h2>{''.join(_schema(name, schemas[name]) for name in sorted(schemas))}</main></html>"
        )


def _operations(api: Json) -> Iterator[tuple[str, str, Json]]:
    """(anchor, method and path, operation) in the order of paths, anchors as in ``#get-api-v1-projects-slug``."""
    for path, item in sorted(api["paths"].items()):
        for method in sorted(item.keys() & METHODS):
            name = f"{method.upper()} {path}"
            yield re.sub(r"\W+", "-", name.lower()).strip("-"), escape(name), item[method]


def _operation(operation: tuple[str, str, Json]) -> str:
    id, name, details = operation
    parameters = [
        (_code(each["name"]), escape(each["in"]), _type(each.get("schema", {})), _text(each.get("description", "")))
        for each in details.get("parameters", ())
    ]
    answers = [
        (_code(status), _text(answer.get("description", "")), _bodies(answer))
        for status, answer in sorted(details.get("responses", {}).items())
    ]
    body = f"<p>Body: {_bodies(details['requestBody'])}</p>" if "requestBody" in details else ""
    return (
        f'<article id="{id}"><h3>{name}</h3><p>{_text(details.get("description") or details.get("summary", ""))}</p>'
        f"{_table('Parameters', parameters)}{body}{_table('Answers', answers)}</article>"
    )


def _bodies(holder: Json) -> str:
    bodies = sorted(holder.get("content", {}).items())
    return "<br>".join(f"{escape(kind)} {_type(body.get('schema', {}))}" for kind, body in bodies)


def _schema(name: str, schema: Json) -> str:
    fields = [
        (_code(field), "required" if field in schema.get("required", ()) else "optional", _type(details))
        for field, details in schema.get("properties", {}).items()
    ]
    return (
        f'<article id="{escape(name)}"><h3>{escape(name)}</h3><p>{_text(schema.get("description", ""))}</p>'
        f"{_table('Fields', fields) or f'<p>{_type(schema)}</p>'}</article>"
    )


def _type(schema: Json) -> str:
    """A schema in a few words, with links to those that have a name."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(_code, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(schema.get("format") or schema.get("contentMediaType") or schema.get("type") or "")


def _table(caption: str, rows: Sequence[tuple[str, ...]]) -> str:
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    return f"<table><caption>{caption}</caption>{body}</table>" if rows else ""


def _code(word: object) -> str:
    return f"<code>{escape(str(word))}</code>"


def _text(prose: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(prose))
