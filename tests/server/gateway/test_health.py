"""Liveness, readiness and metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.kit.database import Database
from tests.support.gateway import Serving, serving


async def test_alive(server: Serving) -> None:
    """`/healthz` answers whoever asks, with the lag of the event loop."""
    async with server.client({}) as rest:
        answer = await rest.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert 0 <= answer.json()["loop_lag_s"] < 5


async def test_ready(server: Serving) -> None:
    """`/readyz` is 200 when the database can be written."""
    async with server.client({}) as rest:
        answer = await rest.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"


async def test_not_ready(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/readyz` is 503 when it cannot, without a word about why to strangers; `/healthz` stays."""

    async def failing(_database: Database, _work: object) -> None:
        raise OSError("disk full at /secret/place")

    monkeypatch.setattr(Database, "write", failing)
    async with server.client({}) as rest:
        answer = await rest.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "down", "database": "OSError"})
        assert (await rest.get("/healthz")).status_code == 200


async def test_redis_is_away(tmp_path: Path) -> None:
    """Without its Redis the server is degraded and goes on."""
    async with serving(tmp_path / "data", redis_url="redis://127.0.0.1:9/0") as server, server.client({}) as rest:
        answer = await rest.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "degraded", "redis": "down"})


async def test_metrics(server: Serving) -> None:
    """Metrics are for administrators."""
    token = await server.member(await server.project(), "owner")
    async with server.client({}) as stranger:
        assert (await stranger.get("/metrics")).status_code == 401
    async with server.client({"Authorization": f"Bearer {token}"}) as owner:
        assert (await owner.get("/metrics")).status_code == 403
    async with server.client() as administrator:
        answer = await administrator.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "\natrium_connections 0.0\n" in answer.text


async def test_public_metrics(tmp_path: Path) -> None:
    """`ATRIUM_METRICS_PUBLIC` opens them to everybody."""
    async with serving(tmp_path / "data", metrics_public=True) as server, server.client({}) as rest:
        assert (await rest.get("/metrics")).status_code == 200
