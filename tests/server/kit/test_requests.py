"""Every request has an id."""

from __future__ import annotations

import logging

import httpx
import pytest
from fastapi import FastAPI

from server.kit.logs import JsonFormatter, Redactor
from server.kit.requests import HEADER, RequestIds


async def test_the_answer_and_the_log_have_the_same_id(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who reports a request by its id finds its events; another request has another."""
    app, lines = FastAPI(), []
    monkeypatch.setattr(caplog.handler, "emit", lambda event: lines.append(JsonFormatter(Redactor()).format(event)))

    @app.get("/")
    async def look() -> None:
        logging.getLogger("server.test").warning("looked")

    transport = httpx.ASGITransport(RequestIds(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://atrium") as client:
        ids = [(await client.get("/")).headers[HEADER] for _ in range(2)]
    assert len(set(ids)) == 2
    looked = [line for line in lines if "looked" in line]
    assert [f'"request": "{id}"' in line for id, line in zip(ids, looked, strict=True)] == [True, True]
