"""What each message of a client does, and how it is answered."""

from __future__ import annotations

from typing import Protocol

from server.access import AccessPolicy, Action, Principal
from server.conflicts import ConflictService
from server.files import Visit
from server.gateway.control import client_messages as said
from server.gateway.control import messages
from server.gateway.control.announcer import file_of
from server.gateway.control.answers import (
    REFUSALS,
    acquired,
    asked,
    cancelled,
    conflict_message,
    offered,
    queued,
    refused,
    released,
    renewed,
    user_out,
)
from server.gateway.control.errors import UnknownType
from server.gateway.control.hub import About, ControlHub
from server.kit.errors import NotFound
from server.leases import (
    Lease,
    LeaseLost,
    LeaseNotFound,
    LeaseService,
    LockType,
    Place,
    Policy,
    Resource,
    State,
    require_lease,
)
from server.sessions import LiveSession

HELD_ON = frozenset({LockType.GIT})
"""What goes on for a while without its client (a push) is kept for the whole reconnect window."""


class Asker(Protocol):
    """Whoever sends messages."""

    principal: Principal
    visit: Visit
    topics: frozenset[said.Topic]
    answering: tuple[str, str] | None

    @property
    def session(self) -> LiveSession: ...


class ControlDesk:
    """Answers messages; raises the features' errors."""

    def __init__(self, leases: LeaseService, conflicts: ConflictService, policy: AccessPolicy, hub: ControlHub) -> None:
        self._leases, self._conflicts, self._policy, self._hub = leases, conflicts, policy, hub

    async def answer(self, asker: Asker, message: said.ClientMessage) -> messages.ServerMessage | None:
        """The answer, None where there is none."""
        match message:
            case said.Ping():
                return messages.Pong()
            case said.Cursor():
                self._cursor(asker, message)
                return None
            case said.Subscribe():
                asker.topics = frozenset(message.topics)
                return messages.Subscribed(topics=sorted(asker.topics))
            case said.LockMessage():
                return await self._lock(asker, message)
            case said.ConflictResolved():
                return await self._resolve(asker, message)
        raise UnknownType

    async def _lock(self, asker: Asker, message: said.LockMessage) -> messages.ServerMessage:
        resource = await self._resource(asker, message)
        asker.answering = (resource.type, resource.id)
        try:
            return await self._on_lease(asker, message, resource)
        except REFUSALS as error:
            if isinstance(message, said.LockRequest):
                return refused(error, asker.session, message, resource)
            raise
        finally:
            asker.answering = None

    async def _on_lease(self, asker: Asker, message: said.LockMessage, resource: Resource) -> messages.ServerMessage:
        project, session = asker.visit.project.id, asker.session.id
        match message:
            case said.LockRequest():
                await require_lease(self._policy, asker.principal, project, resource)
                return await self._acquire(asker, message, resource)
            case said.LockAccept(fence=fence):
                await require_lease(self._policy, asker.principal, project, resource)
                return acquired(await self._leases.accept(project, session, resource, fence))
            case said.LockRenew(fence=fence, ttl_s=ttl_s):
                return renewed(await self._leases.extend(project, session, resource, fence, ttl_s=ttl_s))
            case said.LockRelease(fence=fence):
                over = await self._leases.release(project, session, resource, fence)
                return released(asker.session, resource, fence, held=not over)
            case said.LockAsk():
                await require_lease(self._policy, asker.principal, project, resource)
                return await self._ask(asker, resource)
        await self._leases.cancel(project, session, resource)
        return cancelled(asker.session, resource)

    async def _acquire(self, asker: Asker, message: said.LockRequest, resource: Resource) -> messages.ServerMessage:
        policy = message.policy or (Policy.HOLD if resource.type in HELD_ON else Policy.RELEASE_IF_WANTED)
        found = await self._leases.acquire(
            asker.visit.project.id,
            asker.session.id,
            resource,
            message.mode,
            ttl_s=message.ttl_s,
            wait_s=self._leases.wait_s if message.wait_s is None else message.wait_s,
            policy=policy,
            request_id=message.request_id,
        )
        if not isinstance(found, Lease):
            return queued(found, message.request_id)
        return acquired(found, message.request_id) if found.state is State.HELD else offered(found, message.request_id)

    async def _ask(self, asker: Asker, resource: Resource) -> messages.ServerMessage:
        """Tells everybody who may know of the lease, its holders among them."""
        leases, _ = await self._leases.list(asker.visit.project.id, resource)
        others = [one.session_id for one in leases if one.state is State.HELD and one.session_id != asker.session.id]
        if not others:
            raise LeaseNotFound
        told = asked(asker.session, resource, others)
        about = About("leases", asker.session.id, file_of(resource.type, resource.id), (resource.type, resource.id))
        self._hub.publish(asker.visit.project.id, about, told)
        return told

    async def _resource(self, asker: Asker, message: said.LockMessage) -> Resource:
        """What the message is about; where that is not said in full, what the session has of that name."""
        if message.lock_type is not None:
            return Resource.of(message.lock_type, message.resource_id)
        kind, separator, id = message.resource_id.partition(":")
        if (separator and kind in LockType.__members__.values()) or isinstance(message, said.LockRequest):
            return Resource.of(kind, id)
        leases, places = await self._leases.list(asker.visit.project.id)
        known: list[Lease | Place] = [*leases, *places]
        for one in known:
            if one.session_id == asker.session.id and one.resource.id == message.resource_id:
                return one.resource
        raise LeaseLost

    async def _resolve(self, asker: Asker, message: said.ConflictResolved) -> messages.ServerMessage:
        project = asker.visit.project.id
        conflict = await self._conflicts.get(project, message.conflict_id)
        await self._policy.require(asker.principal, Action.WRITE, project, f"lease/{conflict.resource}")
        resolved = await self._conflicts.resolve(
            project, conflict.id, message.strategy, by=asker.principal, resolution=message.resolution
        )
        return conflict_message(resolved, messages.ConflictUpdatedMessage)

    def _cursor(self, asker: Asker, message: said.Cursor) -> None:
        if not asker.visit.sees(message.file_path):
            raise NotFound("There is no such file, or you may not see it.")
        moved = messages.CursorMoved(
            session_id=asker.session.id,
            user=user_out(asker.session),
            kind=asker.session.kind,
            file_path=message.file_path,
            line=message.line,
            column=message.column,
        )
        self._hub.pass_on(asker.visit.project.id, About("cursors", asker.session.id, message.file_path), moved)
