"""No token ever stands in a log: of the server as a whole, and of the check that every test run ends with."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.network import client_frame, connect, handshake, read_head
from tests.support.token_watch import WATCH, TokenWatch
from tests.support.waiting import PATIENCE_S, until_blocking

SYNC_STEP_1 = b"\x00\x00\x01\x00"
TOKEN = "atr_pat_abcd1234_3vQ0Zk-_x9_1f00ba"


@pytest.mark.parametrize(
    "line", ["", "GET /?x=1", "atr_pat_[redacted]", "Sign in: http://h/login#token=atr_bst_abcd1234_xyz"]
)
def test_the_check_passes(line: str, tmp_path: Path) -> None:
    """Lines without a token are no leak, nor is the login link, nor a log that is gone."""
    log = tmp_path / "server.log"
    log.write_text(f"first\n{line}\n")
    assert TokenWatch({b"opaque-secret"}, {log, tmp_path / "gone.log"}).leaks() == []


@pytest.mark.parametrize(
    "line", [f"GET /?token={TOKEN}", '{"event": "x", "cookie": "atr_ses_abcd1234_yyy"}', "an opaque-secret here"]
)
def test_the_check_can_fail(line: str, tmp_path: Path) -> None:
    """A token in a log is found, whether it was seen being issued or only looks like one."""
    log = tmp_path / "server.log"
    log.write_text(f"first\n{line}\nlast\n")
    assert TokenWatch({b"opaque-secret"}, {log}).leaks() == [f"{log}:2"]


def test_what_is_issued_is_known() -> None:
    """Tokens are found in what a server answers."""
    watch = TokenWatch()
    watch.issued_in(f'{{"token":"{TOKEN}"}}')
    watch.issued_in(b"Set-Cookie: atrium=atr_ses_abcd1234_yyy; HttpOnly")
    assert watch.issued == {TOKEN.encode(), b"atr_ses_abcd1234_yyy"}


def knock(atrium: Atrium, text: str) -> None:
    """Comes with `text` in every place where a token can be, the name of a document included."""
    for path in (f"/sync/nowhere/docs/{text}?token={text}", f"/sync/nowhere/docs/{text}?ticket={text}", f"/{text}"):
        with connect(atrium.port) as sock:
            sock.sendall(handshake(path))
            if b" 101 " in read_head(sock):
                sock.sendall(client_frame(SYNC_STEP_1))
                sock.recv(4096)  # the refusal
    for headers in ({"Authorization": f"Bearer {text}"}, {"Cookie": f"atrium={text}"}):
        httpx.get(f"{atrium.url}/api/v1/projects/{text}?token={text}", headers=headers, timeout=PATIENCE_S)
    atrium.try_request("POST", "/api/v1/session", json={"token": text}, headers={"Origin": atrium.url})


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_server_logs_no_token(log_format: str, tmp_path: Path) -> None:
    """However a token comes, valid or not, and however much is logged."""
    with Atrium(tmp_path / "data", ATRIUM_LOG_LEVEL="debug", ATRIUM_LOG_FORMAT=log_format) as atrium:
        project = atrium.create_project()
        token = atrium.token(project, "editor")
        ticket = atrium.request("POST", "/api/v1/tickets", json={"project": project}).json()["ticket"]
        presented = (token, ticket, token[:-1], ADMIN_TOKEN)
        for text in presented:
            knock(atrium, text)
        until_blocking(lambda: "document.refused" in atrium.output, PATIENCE_S, lambda: atrium.output)
        assert atrium.sigterm() == 0
        log = atrium.output
    assert {token.encode(), ticket.encode(), ADMIN_TOKEN.encode()} <= WATCH.issued
    assert atrium.log in WATCH.logs
    assert "document.refused" in log
    assert "nowhere/docs/[redacted]" in log
    assert not [text for text in presented if text in log]
    assert WATCH.leaks() == []
