"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, Request, Response

from server.access import Authenticator, Forbidden
from server.kit import metrics
from server.kit.http import problems

NO_STORE = {"Cache-Control": "no-store"}
PROBE_TIMEOUT_S = 5


def health_routes(
    authenticator: Authenticator,
    *,
    metrics_public: bool,
    draining: Callable[[], bool],
    probe: Callable[[], Awaitable[None]],
    redis_up: Callable[[], Awaitable[bool]],
    loop_lag_s: Callable[[], float],
) -> APIRouter:
    """`probe` writes to the database and raises when it cannot; `redis_up` is True where no Redis is configured."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str | float]:
        """The process is alive; depends on nothing else. The lag is how long at most what was ready had to wait."""
        return {"status": "ok", "loop_lag_s": round(loop_lag_s(), 6)}

    @router.get("/readyz", responses={503: {"description": "Draining, or the database cannot be written."}})
    async def readyz(response: Response) -> dict[str, str]:
        """New work is welcome here."""
        response.headers.update(NO_STORE)
        if draining():
            response.status_code = 503
            return {"status": "draining"}
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await probe()
        except Exception as error:  # an edge: whatever is wrong with the database, we are not ready
            response.status_code = 503
            return {"status": "down", "database": type(error).__name__}
        if not await redis_up():
            return {"status": "degraded", "redis": "down"}  # editing goes on without it
        return {"status": "ok"}

    async def may_see_metrics(request: Request) -> None:
        if not metrics_public and not (await authenticator.connection(request)).is_admin:
            raise Forbidden("Metrics are for administrators; ATRIUM_METRICS_PUBLIC=true opens them to everybody.")

    @router.get(
        "/metrics",
        response_class=Response,
        responses=problems(401, 403) | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        dependencies=[Depends(may_see_metrics)],
    )
    async def scrape() -> Response:
        """Prometheus's text format."""
        metrics.REDIS_UP.set(await redis_up())
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
