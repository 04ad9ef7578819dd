"""Who may take which lease, and who is shown it."""

from __future__ import annotations

from server.access import AccessPolicy, Action, Capabilities, Forbidden, Principal, file_resource
from server.leases.resource import LockType, Resource

ALL_FILES = "file/**"
EVERYBODY_STOPS = frozenset({LockType.PROJECT, LockType.EXCLUSIVE})


async def require_lease(policy: AccessPolicy, principal: Principal, project_id: str, resource: Resource) -> None:
    """Raises `NotFound` or `Forbidden` unless `principal` may take a lease on `resource`.

    It takes the right to write the lease, and the file that it is about; to stop everybody takes the right to
    administer it.
    """
    wanted = Action.ADMIN if resource.type in EVERYBODY_STOPS else Action.WRITE
    await policy.require(principal, wanted, project_id, f"lease/{resource}")
    if resource.type is not LockType.FILE:
        return
    if resource.id != "/":
        await policy.require(principal, Action.WRITE, project_id, file_resource(resource.id))
    elif not (await policy.capabilities(principal, project_id)).covers(Action.WRITE, ALL_FILES):
        raise Forbidden("A lease on all files takes the right to change all of them.")


async def require_steal(policy: AccessPolicy, principal: Principal, project_id: str, resource: Resource) -> None:
    """Raises `NotFound` or `Forbidden` unless `principal` may take leases on `resource` away from others."""
    await policy.require(principal, Action.ADMIN, project_id, f"lease/{resource}")


def is_shown(can: Capabilities, resource: Resource) -> bool:
    """Whether leases on `resource` are shown: those on a file only to who may read it."""
    if resource.type is LockType.FILE and resource.id != "/":
        return can.allows(Action.READ, file_resource(resource.id))
    return resource.type is not LockType.ROLE
