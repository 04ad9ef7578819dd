"""The API reference: every request on one page that needs no script."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from server.gateway import ApiDocs
from tests.support.gateway import Serving

VOID = {"meta", "br"}


class Page(HTMLParser):
    """What a reader or a screen reader finds on a page; fails on tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        self.ids += [attributes["id"] or ""] if "id" in attributes else []
        self.links += [attributes["href"] or ""] if "href" in attributes else []

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


async def test_every_request_has_its_place(server: Serving) -> None:
    """Each operation of the description has an anchor and a link to it, and no link leads nowhere."""
    async with server.client({}) as rest:
        answer = await rest.get("/api/v1/docs")
        described = (await rest.get("/api/v1/openapi.json")).json()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(answer.text)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    operations = sum(len(item.keys() - {"parameters"}) for item in described["paths"].values())
    assert (
        sum(link.startswith(("#get-", "#post-", "#put-", "#patch-", "#delete-")) for link in page.links) == operations
    )
    assert {"get-api-v1-projects", "delete-api-v1-projects-slug", "get-healthz"} <= set(page.ids)


async def test_nothing_runs(server: Serving) -> None:
    """The policy allows the page's own style and nothing else, with a nonce of its own for each answer."""
    nonces = set()
    async with server.client({}) as rest:
        for _ in range(2):
            answer = await rest.get("/api/v1/docs")
            policy = answer.headers["content-security-policy"]
            [nonce] = re.findall(r'<style nonce="([^"]+)">', answer.text)
            assert policy == f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
            nonces.add(nonce)
    assert len(nonces) == 2
    assert not {"script", "img", "iframe", "form"} & set(Page(answer.text).tags)
    assert " style=" not in answer.text


async def test_landmarks(server: Serving) -> None:
    """A reader finds one title, one main part, and the list of requests."""
    async with server.client({}) as rest:
        html = (await rest.get("/api/v1/docs")).text
    tags = Page(html).tags
    assert [tags.count(tag) for tag in ("h1", "main", "nav", "header")] == [1, 1, 1, 1]
    assert '<html lang="en">' in html
    assert "color-scheme: light dark" in html


async def test_what_a_request_takes_and_gives() -> None:
    """Parameters, bodies, answers and schemas are said in words, and nothing in them becomes markup."""
    thing = {"$ref": "#/components/schemas/Thing"}
    api = {
        "info": {"title": "A <b> API"},
        "paths": {
            "/things/{id}": {
                "put": {
                    "description": "Changes `it` & more.",
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "requestBody": {"content": {"application/json": {"schema": thing}}},
                    "responses": {"200": {"description": "Done <now>."}},
                }
            }
        },
        "components": {
            "schemas": {
                "Thing": {
                    "required": ["name"],
                    "properties": {
                        "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        "kind": {"enum": ["a", "b"]},
                        "tags": {"type": "array", "items": {"type": "string"}},
                    },
                },
                "Empty": {"type": "object"},
            }
        },
    }
    html = bytes((await ApiDocs(lambda: api).page(None)).body).decode()  # type: ignore[arg-type]
    Page(html)
    assert 'id="put-things-id"' in html
    assert "A &lt;b&gt; API" in html
    assert "Changes <code>it</code> &amp; more." in html
    assert '<a href="#Thing">Thing</a>' in html
    assert "string or null" in html
    assert "<code>a</code> or <code>b</code>" in html
    assert "list of string" in html
    assert "Done &lt;now&gt;." in html
