"""The composition root: builds every service once, in order, and closes them in the opposite one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from server import reactions
from server.access import Authenticator, Role, RolePolicy, RoleService, Site, TokenService, TokenVerifier
from server.accounts import Accounts, Provider, SignInThrottle
from server.activity import ActivityService, Recorder
from server.blobs import BlobStore
from server.conflicts import ConflictService
from server.documents import ApplyJournal, DocumentService
from server.files import (
    ArchiveLimits,
    ArchiveService,
    ContentService,
    DocumentListing,
    DocumentResolver,
    FileService,
    JsonExporter,
    ProjectGate,
    TreeService,
)
from server.gateway import ControlGateway, SyncGateway
from server.kit.clock import Clock, SystemClock
from server.kit.database import Database
from server.kit.events import EventBus
from server.kit.ids import uuid7
from server.kit.loops import LoopMonitor
from server.kit.redis import connect_redis
from server.leases import LeaseAuthority, LeaseService, MemoryLeaseStore, Rules
from server.live import LiveWriter
from server.migrations import open_database
from server.projects import ProjectService
from server.rooms import RegistryLimits, RoomLimits, RoomRegistry
from server.sessions import SessionKeeper, SessionService, SessionTimes, SessionWatch
from server.settings import OidcSettings, Settings

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the edges are made of."""

    settings: Settings
    clock: Clock
    database: Database
    redis: Redis | None
    events: EventBus
    loop_monitor: LoopMonitor
    recorder: Recorder
    activity: ActivityService
    roles: RoleService
    tokens: TokenService
    site: Site
    authenticator: Authenticator
    policy: RolePolicy
    accounts: Accounts
    projects: ProjectService
    leases: LeaseService
    sessions: SessionService
    conflicts: ConflictService
    live: LiveWriter
    documents: DocumentService
    rooms: RoomRegistry
    blobs: BlobStore
    gate: ProjectGate
    files: FileService
    contents: ContentService
    archives: ArchiveService
    resolver: DocumentResolver
    listing: DocumentListing
    exporter: JsonExporter
    gateway: SyncGateway
    control: ControlGateway


def _provider(settings: OidcSettings) -> Provider | None:
    if settings.issuer is None or settings.client_id is None:
        return None
    secret = settings.client_secret.get_secret_value() if settings.client_secret else None
    return Provider(settings.issuer, settings.client_id, secret, settings.name, create_users=settings.create_users)


async def _open_leases(
    stack: AsyncExitStack,
    database: Database,
    events: EventBus,
    clock: Clock,
    redis: Redis | None,
    node: str,
    settings: Settings,
) -> LeaseService:
    """Leases in this process's memory, or in Redis when there is one."""
    limits = settings.limits
    rules = Rules(per_session=limits.leases_per_session, per_project=limits.leases_per_project)
    memory = MemoryLeaseStore(clock, rules)
    if redis is None:
        authority = LeaseAuthority(database, clock, node, memory)
    else:
        from server.leases import RedisLeaseStore  # it imports redis-py

        authority = LeaseAuthority(database, clock, node, RedisLeaseStore(redis, rules), memory)
    leases = LeaseService(
        authority, events, clock, ttl_s=settings.lock_default_ttl_s, wait_s=settings.lock_wait_timeout_s
    )
    leases.start()
    stack.push_async_callback(leases.close)
    if redis is not None:
        from server.leases import LeaseListener

        listener = LeaseListener(redis, leases.dispatcher)
        listener.start()
        stack.push_async_callback(listener.stop)
    return leases


def _session_times(settings: Settings) -> SessionTimes:
    heartbeat_s, window_s = settings.session_heartbeat_s, settings.session_ttl_s
    return SessionTimes(heartbeat_s, silent_s=min(2 * heartbeat_s, window_s), window_s=window_s)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Starts everything; on the way out what was admitted becomes durable before anything closes."""
    async with AsyncExitStack() as stack:
        clock, events = SystemClock(), EventBus()
        loop_monitor = LoopMonitor()
        loop_monitor.start()
        stack.callback(loop_monitor.stop)
        database = open_database(settings.data_dir, settings.resolved_database_url, settings.durability)
        stack.callback(database.close)
        checkpoints = asyncio.create_task(database.checkpoint_forever())
        stack.callback(checkpoints.cancel)
        recorder = Recorder(database, clock)
        recorder.start()
        stack.push_async_callback(recorder.close)
        activity = ActivityService(database, clock, recorder)
        stack.push_async_callback(activity.close)
        redis = connect_redis(settings.redis_url) if settings.redis_url else None
        if redis is not None:
            stack.push_async_callback(redis.aclose)
        anonymous = Role(settings.anonymous_role) if settings.anonymous_role else None
        roles = RoleService(database, events, clock, anonymous_role=anonymous)
        secret = settings.admin_token.get_secret_value() if settings.admin_token else None
        verifier = TokenVerifier(database, clock, admin_token=secret)
        site = Site(
            public_url=settings.public_url,
            allowed_origins=settings.allowed_origins,
            trusted_proxies=settings.trusted_proxies,
        )
        authenticator = Authenticator(verifier, roles, site)
        policy = RolePolicy(roles)
        limits = settings.limits
        tokens = TokenService(database, events, clock, verifier)
        accounts = Accounts(
            database,
            events,
            clock,
            roles=roles,
            tokens=tokens,
            policy=policy,
            throttle=SignInThrottle(clock, per_name=limits.sign_ins_per_name, per_address=limits.sign_ins_per_address),
            provider=_provider(settings.oidc),
        )
        stack.push_async_callback(accounts.close)
        projects = ProjectService(database, events, clock, roles=roles)
        node = uuid7()
        leases = await _open_leases(stack, database, events, clock, redis, node, settings)
        sessions = SessionService(
            database, events, clock, leases=leases, policy=policy, node=node, times=_session_times(settings)
        )
        conflicts = ConflictService(database, events, clock, leases=leases, sessions=sessions)
        await conflicts.start()
        stack.push_async_callback(conflicts.close)
        journal = ApplyJournal(settings.data_dir / "applying.journal")
        stack.callback(journal.close)
        documents = DocumentService(database, clock=clock, events=events, journal=journal)
        await documents.start()
        stack.push_async_callback(documents.close)
        rooms = RoomRegistry(
            documents,
            journal,
            RegistryLimits(
                idle_s=limits.room_idle_s,
                idle_bytes=limits.room_memory_bytes,
                room=RoomLimits(update_bytes=limits.update_bytes, document_bytes=limits.document_bytes),
            ),
        )
        rooms.start()
        stack.push_async_callback(rooms.close)
        blobs = BlobStore(settings.data_dir / "blobs")
        await asyncio.to_thread(blobs.discard_leftovers)
        gate = ProjectGate(projects, policy, events)
        trees = TreeService(documents, rooms)
        contents = ContentService(trees, documents, rooms, blobs, text_bytes=limits.text_file_bytes)
        archive_limits = ArchiveLimits(archive_bytes=limits.upload_bytes)
        resolver = DocumentResolver(trees, documents, rooms, gate, default_project=settings.default_project)
        if settings.default_project is not None:
            await projects.ensure(settings.default_project)
        live = LiveWriter(documents, rooms, projects, sessions=sessions, leases=leases, conflicts=conflicts)
        await live.start()
        stack.push_async_callback(live.stop)
        stack.push_async_callback(sessions.close)
        keeper = SessionKeeper(sessions, database, clock, leases, ended_tokens=authenticator.sweep)
        keeper.start()
        stack.push_async_callback(keeper.stop)
        gateway = SyncGateway(authenticator, resolver, rooms, settings, clock)
        gateway.start()
        stack.push_async_callback(gateway.stop)
        control = ControlGateway(
            gateway,
            clock,
            gate=gate,
            policy=policy,
            leases=leases,
            sessions=sessions,
            conflicts=conflicts,
            limits=limits,
        )
        reactions.connect(events, rooms=rooms, gateway=gateway, recorder=recorder)
        reactions.connect_sessions(events, sessions=SessionWatch(sessions, policy), conflicts=conflicts, live=live)
        reactions.connect_control(events, control)
        if redis is not None:
            stack.push_async_callback(control.join_nodes(redis, node).stop)
        if settings.audit_keep_days is not None:
            activity.start_pruning(timedelta(days=settings.audit_keep_days))
        yield Services(
            settings=settings,
            clock=clock,
            database=database,
            redis=redis,
            events=events,
            loop_monitor=loop_monitor,
            recorder=recorder,
            activity=activity,
            roles=roles,
            tokens=tokens,
            site=site,
            authenticator=authenticator,
            policy=policy,
            accounts=accounts,
            projects=projects,
            leases=leases,
            sessions=sessions,
            conflicts=conflicts,
            live=live,
            documents=documents,
            rooms=rooms,
            blobs=blobs,
            gate=gate,
            files=FileService(trees, documents, events),
            contents=contents,
            archives=ArchiveService(
                trees, contents, documents, blobs, archive_limits, text_bytes=limits.text_file_bytes
            ),
            resolver=resolver,
            listing=DocumentListing(documents, trees),
            exporter=JsonExporter(),
            gateway=gateway,
            control=control,
        )
