"""The composition root: builds every service once, in order, and closes them in the opposite one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError

from server import migrations, reactions
from server.access import Authenticator, Role, RolePolicy, RoleService, Site, TokenService, TokenVerifier
from server.blobs import BlobStore
from server.documents import ApplyJournal, DocumentService
from server.files import (
    ArchiveLimits,
    ArchiveService,
    ContentService,
    DocumentResolver,
    FileService,
    JsonExporter,
    ProjectGate,
    TreeService,
)
from server.gateway import SyncGateway
from server.kit.clock import Clock, SystemClock
from server.kit.database import Database
from server.kit.errors import Unavailable
from server.kit.events import EventBus
from server.kit.redis import connect_redis
from server.projects import ProjectService
from server.rooms import RegistryLimits, RoomLimits, RoomRegistry
from server.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the edges are made of."""

    settings: Settings
    clock: Clock
    database: Database
    redis: Redis | None
    events: EventBus
    roles: RoleService
    tokens: TokenService
    site: Site
    authenticator: Authenticator
    policy: RolePolicy
    projects: ProjectService
    documents: DocumentService
    rooms: RoomRegistry
    blobs: BlobStore
    gate: ProjectGate
    files: FileService
    contents: ContentService
    archives: ArchiveService
    resolver: DocumentResolver
    exporter: JsonExporter
    gateway: SyncGateway


def open_database(settings: Settings) -> Database:
    """The database with its tables brought up to date; raises `Unavailable` when it cannot be opened."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = Database(settings.resolved_database_url, durability=settings.durability)
        migrations.upgrade(database.engine)
    except (OSError, SQLAlchemyError) as error:
        raise Unavailable(f"The database cannot be opened: {error}") from error
    return database


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Starts everything; on the way out what was admitted becomes durable before anything closes."""
    async with AsyncExitStack() as stack:
        clock, events = SystemClock(), EventBus()
        database = open_database(settings)
        stack.callback(database.close)
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
        projects = ProjectService(database, events, clock, roles=roles)
        journal = ApplyJournal(settings.data_dir / "applying.journal")
        stack.callback(journal.close)
        documents = DocumentService(database, clock=clock, events=events, journal=journal)
        await documents.start()
        stack.push_async_callback(documents.close)
        limits = settings.limits
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
        gate = ProjectGate(projects, policy)
        trees = TreeService(documents, rooms)
        contents = ContentService(trees, documents, rooms, blobs, text_bytes=limits.text_file_bytes)
        archive_limits = ArchiveLimits(archive_bytes=limits.upload_bytes)
        resolver = DocumentResolver(trees, documents, gate, default_project=settings.default_project)
        if settings.default_project is not None:
            await projects.ensure(settings.default_project)
        gateway = SyncGateway(authenticator, resolver, rooms, settings)
        gateway.start()
        stack.push_async_callback(gateway.stop)
        reactions.connect(events, rooms=rooms, gateway=gateway)
        yield Services(
            settings=settings,
            clock=clock,
            database=database,
            redis=redis,
            events=events,
            roles=roles,
            tokens=TokenService(database, events, clock, verifier),
            site=site,
            authenticator=authenticator,
            policy=policy,
            projects=projects,
            documents=documents,
            rooms=rooms,
            blobs=blobs,
            gate=gate,
            files=FileService(trees, documents),
            contents=contents,
            archives=ArchiveService(
                trees, contents, documents, blobs, archive_limits, text_bytes=limits.text_file_bytes
            ),
            resolver=resolver,
            exporter=JsonExporter(),
            gateway=gateway,
        )
