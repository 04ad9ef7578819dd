"""What the log says, and what it never says."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

from server.kit.logs import JsonFormatter, Redactor, TextFormatter, bind, bound, configure_logging

TOKEN = "atr_pat_abcd1234_3vQ0Zk-_x9_1f00ba"
SECRET = 'a secret of the "settings" \\ of thirty-two characters'


@pytest.fixture
def own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The root logger is put back afterwards. What uvicorn did to its own in this process does not count."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    monkeypatch.setattr(logging.getLogger("uvicorn.access"), "propagate", True)
    yield
    root.handlers[:], root.level = before
    for name in ("uvicorn", "alembic", "httpx"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def record(event: str, *args: object, error: BaseException | None = None, **extra: object) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("server.test", logging.WARNING, __file__, 1, event, args, info)
    made.__dict__.update(extra)
    return made


def as_json(event: str, *args: object, **extra: object) -> dict[str, object]:
    return dict(json.loads(JsonFormatter(Redactor([SECRET])).format(record(event, *args, **extra))))


def as_text(event: str, *args: object, **extra: object) -> str:
    return TextFormatter(Redactor([SECRET])).format(record(event, *args, **extra))


def test_a_line_of_json() -> None:
    """Time, level, logger, event and the fields that were given."""
    line = as_json("document.refused", code="access.denied", count=2)
    assert line.pop("time")
    assert line == {
        "level": "warning",
        "logger": "server.test",
        "event": "document.refused",
        "code": "access.denied",
        "count": 2,
    }


def test_a_line_of_text() -> None:
    """The same for people, on one line."""
    assert as_text("document.refused", code=1)[8:] == " warning document.refused code=1"


async def test_the_context_is_in_every_line() -> None:
    """What is bound is in each event of the task and of those it starts, and of no other."""

    async def elsewhere() -> dict[str, object]:
        bind(document="acme/docs/x")
        return as_json("inside")

    with bound(request="r1"):
        bind(principal="user:1")
        inside = await asyncio.create_task(elsewhere())
        after = as_json("after", principal="given")
    assert (inside["request"], inside["principal"], inside["document"]) == ("r1", "user:1", "acme/docs/x")
    assert (after["request"], after["principal"]) == ("r1", "given")
    assert "document" not in after
    assert not {"request", "principal", "document"} & as_json("outside").keys()


LEAKS = [
    f"token {TOKEN} was used",
    f"GET /sync/acme/files/a.txt?token={TOKEN}&x=1",
    f"GET /sync?ticket=opaque-{TOKEN}",
    f"'Authorization: Bearer {TOKEN}'",
    f"Set-Cookie: __Host-atrium={TOKEN}; HttpOnly",
    f"subprotocols ['atrium.v1', 'atrium.ticket.{TOKEN}']",
]


@pytest.mark.parametrize("leak", LEAKS)
def test_no_token_is_logged(leak: str) -> None:
    """Wherever in an event a token stands, it is hidden: in the message, its arguments, its fields, an exception."""
    try:
        raise ValueError(leak)
    except ValueError as caught:
        error = caught
    for line in (
        str(as_json(leak)),
        str(as_json("%s", leak)),
        str(as_json("event", field=leak, nested={"deep": [leak]}, raw=leak.encode())),
        str(as_json("event", error=error)),
        as_text(leak),
        as_text("event", field=leak, error=error),
    ):
        assert TOKEN not in line
        assert "3vQ0Zk" not in line
        assert "[redacted]" in line


@pytest.mark.parametrize(
    "leak",
    [
        "GET /x?token=opaqueopaque HTTP/1.1",
        "GET /x?a=b&ticket=opaqueopaque HTTP/1.1",
        "GET /api/v1/oidc/callback?code=opaqueopaque&state=opaqueopaque",
        "Bearer opaqueopaque",
        "authorization: Basic b3BhcXVlb3BhcXVl opaqueopaque",
        "{'authorization': 'Bearer opaqueopaque', 'host': 'h'}",
        "[(b'authorization', b'Bearer opaqueopaque'), (b'host', b'h')]",
        "[(b'cookie', b'__Host-atrium=opaqueopaque; other=opaqueopaque')]",
        '{"Cookie": "a=opaqueopaque"}',
    ],
)
def test_no_credential_is_logged(leak: str) -> None:
    """Also what is no token of ours is hidden in headers and URLs, and what stands beside it is not."""
    for line in (as_text(leak), json.dumps(as_json(leak)), json.dumps(as_json("event", field={"inner": leak}))):
        assert "opaque" not in line
        assert "b3BhcXVl" not in line
    assert ("host" in as_text(leak)) == ("host" in leak)


def test_the_settings_secrets_are_not_logged() -> None:
    """The administrator's token may look like anything; it is hidden all the same."""
    assert as_json("event", field=f"x {SECRET} y")["field"] == "x [redacted] y"
    assert SECRET not in as_text(f"event {SECRET}")


def test_ordinary_words_stay() -> None:
    """Nothing else is hidden."""
    line = "authorization failed; cookie refused; code=4401 state=open atr_ token revoked id=abcd1234"
    assert line in as_text(line)


@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize("name", ["server.x", "uvicorn.error", "uvicorn.access", "websockets.server", "asyncio", "py"])
def test_every_logger_is_redacted(
    name: str, log_format: str, own_logging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever logs, our formatter writes the line."""
    configure_logging(log_format, "info", secrets=[SECRET])
    logging.getLogger(name).error("refused %s from %s", f"/sync?token={TOKEN}", SECRET)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "refused /sync?token=[redacted] from [redacted]" in printed.err
