"""REST of leases: a project's for who may read it, the server's for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from server.access import SERVER_WIDE, AccessPolicy, Action, CurrentPrincipal, FindProject, actor_of
from server.kit.errors import Invalid
from server.kit.http import Cursor, Limit, decode_cursor, encode_cursor, problems
from server.leases.desk import LeaseDesk, OwnerOf
from server.leases.resource import ALL, Resource
from server.leases.rights import require_steal
from server.leases.schemas import (
    AuditOut,
    Cancellation,
    Extension,
    Fenced,
    LeaseOut,
    LeasePage,
    NewLease,
    OwnerOut,
    PlaceOut,
    Theft,
)
from server.leases.service import LeaseService

LEASES = "/projects/{slug}/leases"
ADMINISTRATION = "leases"
OverlapType = Annotated[str | None, Query(max_length=128, description="With `resource_id`: only what overlaps it.")]
OverlapId = Annotated[str | None, Query(max_length=1024)]


def routes(leases: LeaseService, policy: AccessPolicy, find_project: FindProject, owner_of: OwnerOf) -> APIRouter:
    """The routes below `/api/v1`."""
    desk = LeaseDesk(leases, policy, find_project, owner_of)
    router = APIRouter(tags=["leases"])
    router.include_router(_of_project(desk))
    router.include_router(_of_server(desk))
    return router


def _of_project(desk: LeaseDesk) -> APIRouter:
    router = APIRouter(responses=problems(401, 403, 404, 409, 422, 503))

    @router.get(LEASES)
    async def list_leases(
        slug: str,
        caller: CurrentPrincipal,
        limit: Limit = 50,
        cursor: Cursor = None,
        lock_type: OverlapType = None,
        resource_id: OverlapId = None,
    ) -> LeasePage:
        """What is leased, and after that who waits for it; on files only what one may read."""
        project_id = await desk.enter(slug, caller)
        about = ALL if lock_type is None or resource_id is None else Resource.of(lock_type, resource_id)
        held, waiting, more = await desk.page(project_id, caller, decode_cursor(cursor) or "", limit, about)
        return LeasePage(
            items=[LeaseOut.of(lease) for lease in held],
            waiting=[PlaceOut.of(place) for place in waiting],
            next_cursor=None if more is None else encode_cursor(more),
        )

    @router.post(LEASES, status_code=201)
    async def take_lease(slug: str, wanted: NewLease, caller: CurrentPrincipal, request: Request) -> LeaseOut:
        """Takes a lease; 409 says who is in the way, and why it is refused."""
        project_id = await desk.enter(slug, caller)
        lease = await desk.take(project_id, caller, wanted)
        if wanted.wait_s and await request.is_disconnected():  # nobody is left to use it
            await desk.release(project_id, caller, lease.resource, lease.fence)
        return LeaseOut.of(lease)

    @router.delete(LEASES + "/{lock_type}/{resource_id:path}", status_code=204)
    async def release_lease(
        slug: str, lock_type: str, resource_id: str, caller: CurrentPrincipal, fence: int | None = None
    ) -> None:
        """Gives a lease back, or declines an offer; `?fence=` is the one that came with it."""
        project_id = await desk.enter(slug, caller)
        if fence is None:
            raise Invalid("Give the fence that came with the lease: ?fence=")
        await desk.release(project_id, caller, Resource.of(lock_type, resource_id), fence)

    @router.post(LEASES + ":extend")
    async def extend_lease(slug: str, asked: Extension, caller: CurrentPrincipal) -> LeaseOut:
        """Counts `ttl_s` from now."""
        project_id = await desk.enter(slug, caller)
        resource = Resource.of(asked.lock_type, asked.resource_id)
        return LeaseOut.of(await desk.extend(project_id, caller, resource, asked.fence, asked.ttl_s))

    @router.post(LEASES + ":accept")
    async def accept_lease(slug: str, asked: Fenced, caller: CurrentPrincipal) -> LeaseOut:
        """Takes what one of the caller's sessions has been offered."""
        project_id = await desk.enter(slug, caller)
        resource = Resource.of(asked.lock_type, asked.resource_id)
        return LeaseOut.of(await desk.accept(project_id, caller, resource, asked.fence))

    @router.post(LEASES + ":cancel", status_code=204)
    async def cancel_wait(slug: str, asked: Cancellation, caller: CurrentPrincipal) -> None:
        """Leaves the queue."""
        project_id = await desk.enter(slug, caller)
        await desk.cancel(project_id, caller, Resource.of(asked.lock_type, asked.resource_id), asked.session_id)

    @router.post(LEASES + ":steal")
    async def steal_lease(slug: str, asked: Theft, caller: CurrentPrincipal) -> list[LeaseOut]:
        """Takes a lease away from its holders; for who administers leases. The answer is what they had."""
        project_id = await desk.enter(slug, caller)
        resource = Resource.of(asked.lock_type, asked.resource_id)
        await require_steal(desk.policy, caller, project_id, resource)
        stolen = await desk.leases.steal(project_id, resource, asked.reason, actor_of(caller))
        return [LeaseOut.of(lease) for lease in stolen]

    return router


def _of_server(desk: LeaseDesk) -> APIRouter:
    router = APIRouter(responses=problems(401, 403, 404, 409, 422, 503))

    @router.post("/admin/leases:takeover")
    async def take_over(caller: CurrentPrincipal) -> OwnerOut:
        """Makes this node give out leases from its memory, when the shared store is gone."""
        await desk.policy.require(caller, Action.ADMIN, SERVER_WIDE, ADMINISTRATION)
        await desk.leases.take_over(actor_of(caller))
        return OwnerOut(node=(await desk.leases.owner()).node)

    @router.post("/admin/leases:give-back")
    async def give_back(caller: CurrentPrincipal) -> OwnerOut:
        """Lets the shared store give out leases again."""
        await desk.policy.require(caller, Action.ADMIN, SERVER_WIDE, ADMINISTRATION)
        await desk.leases.give_back(actor_of(caller))
        return OwnerOut(node=(await desk.leases.owner()).node)

    @router.get("/admin/leases/audit")
    async def audit(caller: CurrentPrincipal, project: Annotated[str, Query(max_length=63)] = "") -> AuditOut:
        """Compares the lease store's indices for `?project=` with what they are made of."""
        await desk.policy.require(caller, Action.ADMIN, SERVER_WIDE, ADMINISTRATION)
        faults = await desk.leases.audit(await desk.enter(project, caller)) if project else ()
        node = (await desk.leases.owner()).node
        return AuditOut(ok=not faults, faults=list(faults), node=node)

    return router
