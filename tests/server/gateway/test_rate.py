"""REST requests that come too often."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.gateway.rate import request_limit
from server.kit.clock import ManualClock
from server.kit.errors import RateLimited
from tests.support.gateway import serving

SESSION = "/api/v1/session"


async def test_users_and_addresses_are_counted(tmp_path: Path) -> None:
    """A user's requests count for the user, those of nobody for the address, with bad tokens or without."""
    async with serving(tmp_path, limits={"requests_per_s": 0.01, "requests_burst": 5}) as server:
        project = await server.project()
        mia = {"Authorization": f"Bearer {await server.member(project, 'viewer')}"}
        async with server.client() as admin, server.client(mia) as member, server.client({}) as nobody:
            codes = [(await admin.get(SESSION)).status_code for _ in range(6)]
            assert codes == [200] * 5 + [429]
            limited = await admin.get(SESSION)
            assert limited.json()["code"] == "rate.limited"
            assert 0 < int(limited.headers["retry-after"]) <= 500
            assert limited.headers["content-type"] == "application/problem+json"
            assert limited.headers["cache-control"] == "no-store"
            assert (await member.get(SESSION)).status_code == 200
            bad = [{"Authorization": f"Bearer atr_pat_{number}"} for number in range(5)]
            assert [(await nobody.get(SESSION, headers=headers)).status_code for headers in bad] == [401] * 5
            assert (await nobody.get(SESSION)).status_code == 429
            assert (await nobody.get("/healthz")).status_code == 200
            assert (await nobody.get("/login")).status_code in (200, 503)
            assert (await member.get(SESSION)).status_code == 200


@pytest.mark.parametrize(("per_s", "burst", "fits"), [(200, 2000, 2000), (0.5, 1, 1), (10, 5, 10), (1, 100, 100)])
def test_the_window_follows_the_settings(per_s: float, burst: int, fits: int) -> None:
    """The burst fits in at once, and no more than the sustained rate in the long run."""
    clock = ManualClock()
    limit = request_limit(clock, per_s=per_s, burst=burst)
    for _ in range(fits):
        limit.take("a")
    with pytest.raises(RateLimited):
        limit.take("a")
    clock.advance(max(fits / per_s, 1))
    limit.take("a")
