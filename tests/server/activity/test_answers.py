"""An answer means that what the request has caused is in the log."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from server.activity import AnswersWhenRecorded
from tests.support.activity import AuditLog, Away, act, denied


def client(log: AuditLog, status: int = 201) -> httpx.AsyncClient:
    """An application that records one act, refuses another, and answers with `status`."""
    app = FastAPI()

    @app.post("/things")
    async def do_things() -> Response:
        log.recorder.record(act("thing.made"))
        log.recorder.record(denied())
        return PlainTextResponse("made", status, {"X-Thing": "1"})

    @app.get("/things")
    async def look() -> Response:
        return PlainTextResponse("nothing recorded")

    wrapped = AnswersWhenRecorded(app, log.recorder)
    return httpx.AsyncClient(transport=httpx.ASGITransport(wrapped), base_url="http://atrium")


async def test_an_answer_comes_after_its_rows(log: AuditLog) -> None:
    """When the answer is there, so are the rows, without any waiting."""
    async with client(log) as rest:
        answer = await rest.post("/things")
    assert (answer.status_code, answer.text, answer.headers["x-thing"]) == (201, "made", "1")
    assert log.stored() == ["thing.made", "access.denied"]


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log cannot be written."""
    Away(monkeypatch)


async def test_a_success_that_cannot_be_recorded(log: AuditLog, away: None) -> None:
    """It is not reported as one: the problem says that it was done and is not to be repeated blindly."""
    async with client(log) as rest:
        answer = await rest.post("/things")
    assert (answer.status_code, answer.json()["code"]) == (503, "audit.not_recorded")
    assert not answer.json()["retryable"]
    assert "x-thing" not in answer.headers


async def test_an_error_that_cannot_be_recorded(log: AuditLog, away: None) -> None:
    """It stays the error that it is."""
    async with client(log, 409) as rest:
        answer = await rest.post("/things")
    assert (answer.status_code, answer.text) == (409, "made")


async def test_who_causes_nothing_does_not_wait(log: AuditLog, away: None) -> None:
    """Reading goes on while the log cannot be written."""
    log.recorder.record(act())
    async with client(log) as rest:
        assert (await rest.get("/things")).status_code == 200


async def test_sockets_pass(log: AuditLog) -> None:
    """What is not a request goes through untouched."""
    passed: list[Send] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        passed.append(send)

    async def nothing(*_: object) -> None: ...

    await AnswersWhenRecorded(app, log.recorder)({"type": "websocket"}, nothing, nothing)
    assert passed == [nothing]
