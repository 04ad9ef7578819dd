"""What a lease store promises, in memory and on every supported Redis alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from server.kit.clock import ManualClock
from server.leases import Mode, Policy, Rules
from server.leases.model import (
    Accept,
    Acquire,
    Audit,
    Beat,
    Cancel,
    Check,
    Command,
    End,
    Extend,
    Grant,
    InitEpoch,
    Look,
    Open,
    Release,
    Reply,
    Status,
    Steal,
    StoreEvent,
    Sweep,
)
from server.leases.resource import ROOTS
from server.leases.store import LeaseStore
from tests.support.leases import STORES, UNLIMITED_MS, new_project, open_store
from tests.support.redis import RedisServer

A, B, C = "a", "b", "c"
FILE, FOLDER = "x/p/f/src/main.py", "x/p/f/src"
S, X = Mode.SHARED, Mode.EXCLUSIVE
EPOCH = 1 << 32


class Desk:
    """Three sessions, `a`, `b` and `c`, at one project's leases."""

    def __init__(self, store: LeaseStore, project: str, clock: ManualClock) -> None:
        self.store, self.project, self.clock = store, project, clock
        self.events: list[StoreEvent] = []

    async def __call__(self, command: Command) -> Reply:
        reply = await self.store.call(self.project, command)
        self.events += reply.events
        return reply

    async def acquire(self, session: str, path: str = FILE, mode: Mode = X, **options: Any) -> Reply:
        """A request that waits half a minute by default."""
        fields = {"ttl_ms": 300_000, "wait_ms": 30_000, "policy": Policy.RELEASE_IF_WANTED, "request": ""} | options
        return await self(Acquire(session=session, path=path, mode=mode, **fields))

    async def get(self, session: str, path: str = FILE, mode: Mode = X, **options: Any) -> Grant:
        """A request that is granted at once."""
        reply = await self.acquire(session, path, mode, **options)
        assert reply.status is Status.GRANTED, reply
        assert reply.grant is not None
        return reply.grant

    async def release(self, grant: Grant) -> Reply:
        return await self(Release(grant.session, grant.path, grant.fence))

    async def take_offer(self, session: str, path: str = FILE) -> Grant:
        """Accepts what the session was offered last."""
        offer = next(event for event in reversed(self.events) if event.kind == "offered" and event.session == session)
        assert offer.path == path
        reply = await self(Accept(session, path, offer.fence))
        assert reply.grant is not None, reply
        return reply.grant

    async def wait(self, seconds: float, *alive: str) -> list[StoreEvent]:
        """Lets time pass, second by second, while the sessions `alive` beat; what happened meanwhile."""
        start = len(self.events)
        for _ in range(round(seconds)):
            self.clock.advance(1)
            await self(Beat(alive))
        await self.sweep()
        return self.events[start:]

    async def sweep(self) -> None:
        while (await self(Sweep(64))).more:
            pass

    async def holders(self) -> list[tuple[str, str]]:
        return [(grant.path, grant.session) for grant in (await self(Look())).grants]

    def told(self, kind: str) -> list[tuple[str, str]]:
        """Who was told this, and why."""
        return [(event.session, event.reason) for event in self.events if event.kind == kind]


@pytest.fixture
def rules() -> Rules:
    return Rules(max_step_ms=UNLIMITED_MS)


@pytest.fixture(params=STORES)
async def desk(
    request: pytest.FixtureRequest, redis_servers: Mapping[str, RedisServer], rules: Rules
) -> AsyncIterator[Desk]:
    clock = ManualClock()
    async with open_store(request.param, redis_servers, clock, rules) as store:
        desk = Desk(store, await new_project(store), clock)
        for session in (A, B, C):
            await desk(Open(session, f"user:{session}", 120_000, 30_000))
        yield desk
        assert (await desk(Audit())).faults == ()


# Epochs and fences


async def test_without_an_epoch_nothing_is_done(desk: Desk) -> None:
    """A store that knows of no epoch says so, whatever it is asked, until it gets one."""
    for command in (Look(), Open(A, "user", 1, 1), Acquire(A, FILE, X, 1000, 0, Policy.HOLD, "")):
        assert (await desk.store.call("new", command)).status is Status.EPOCH


async def test_a_fence_is_the_epoch_and_a_counter(desk: Desk) -> None:
    """Every lease of a project has a greater fence than all before it, and a new epoch's are greater than an old's."""
    first, second = await desk.get(A), await desk.get(B, "x/p/d/db")
    assert (first.fence, second.fence) == (EPOCH + 1, EPOCH + 2)
    await desk(InitEpoch(7, 0, ROOTS))
    assert (await desk.get(C, "x/p/d/other")).fence > 7 * EPOCH


async def test_an_older_epoch_does_not_begin(desk: Desk) -> None:
    """What a slow node brings late changes nothing."""
    await desk(InitEpoch(5, 0, ROOTS))
    await desk(InitEpoch(4, 3_000, ROOTS))
    assert (await desk.get(A)).fence > 5 * EPOCH


async def test_after_data_was_lost_it_opens_late(desk: Desk) -> None:
    """Nothing is granted while holders that the store has forgotten are told; then it is first come, first served."""
    await desk(InitEpoch(2, 3_000, ROOTS))
    assert (await desk.acquire(A, wait_ms=0)).blockers[0].state == "delay"
    assert (await desk.acquire(B)).status is Status.QUEUED
    assert (await desk.acquire(C, "role/primary")).status is Status.QUEUED
    await desk.wait(3, A, B, C)
    assert desk.told("offered") == [(C, ""), (B, "")]


# Conflicts


@pytest.mark.parametrize("held", [FILE, FOLDER, "x/p", "x"])
@pytest.mark.parametrize("wanted", [FILE, FOLDER, "x/p/f", "x/p", "x"])
async def test_leases_overlap_up_and_down_the_path(desk: Desk, held: str, wanted: str) -> None:
    """An exclusive lease keeps others off its path, what is above and what is below."""
    await desk.get(A, held)
    assert (await desk.acquire(B, wanted, S, wait_ms=0)).status is Status.HELD
    assert (await desk.acquire(A, wanted, S, wait_ms=0)).status is Status.GRANTED


async def test_beside_each_other_nobody_minds(desk: Desk) -> None:
    """Names that only begin alike are not below each other."""
    await desk.get(A, "x/p/f/src")
    for path in ("x/p/f/src2", "x/p/f/sr", "x/p/g/src", "role/primary"):
        await desk.get(B, path)


async def test_shared_leases_go_together(desk: Desk) -> None:
    """Any number of readers, or one writer."""
    await desk.get(A, FOLDER, S)
    await desk.get(B, FILE, S)
    refused = await desk.acquire(C, FILE, X, wait_ms=0)
    assert refused.status is Status.HELD
    assert [(blocker.session, blocker.state) for blocker in refused.blockers] == [(A, "held"), (B, "held")]


async def test_it_counts_how_often_it_is_held(desk: Desk) -> None:
    """The same session gets it again with the same fence, and it is free after as many releases."""
    first, second = await desk.get(A), await desk.get(A)
    assert (second.fence, second.count) == (first.fence, 2)
    assert (await desk.release(first)).grant is not None
    assert (await desk.acquire(B, wait_ms=0)).status is Status.HELD
    assert (await desk.release(first)).grant is None
    await desk.get(B)


async def test_what_is_below_ones_own_lease_is_free(desk: Desk) -> None:
    """Whoever holds the folder gets a file in it at once, though others wait for the folder."""
    await desk.get(A, FOLDER)
    await desk.acquire(B, FOLDER)
    await desk.get(A, FILE)


# The queue


async def test_first_come_first_served(desk: Desk) -> None:
    """Release offers it to whoever waited longest, with a fence; nobody has to ask again."""
    held = await desk.get(A)
    assert [(await desk.acquire(session)).position for session in (B, C)] == [1, 2]
    reply = await desk.release(held)
    offer = reply.events[-1]
    assert (offer.kind, offer.session, offer.left) == ("offered", B, 5_000)
    assert offer.fence > held.fence
    grant = await desk.take_offer(B)
    assert (grant.fence, grant.expires) == (offer.fence, reply.now + 300_000)
    await desk.release(grant)
    assert (await desk.take_offer(C)).fence > grant.fence


async def test_an_offer_that_is_not_accepted_goes_to_the_next(desk: Desk) -> None:
    """After five seconds it is the next one's turn, and the late acceptance is refused."""
    held = await desk.get(A)
    await desk.acquire(B)
    await desk.acquire(C)
    offer = (await desk.release(held)).events[-1]
    await desk.wait(4, A, B, C)
    assert desk.told("offered") == [(B, "")]
    await desk.wait(1, A, B, C)
    assert desk.told("offered") == [(B, ""), (C, "")]
    assert desk.told("expired") == [(B, "not_accepted")]
    assert (await desk(Accept(B, FILE, offer.fence))).status is Status.LOST
    await desk.take_offer(C)


async def test_a_waiting_writer_is_not_overtaken(desk: Desk) -> None:
    """New readers queue behind a writer that waits; those that do not overlap pass."""
    reading = await desk.get(A, FILE, S)
    await desk.acquire(B, FOLDER, X)
    assert (await desk.acquire(C, FILE, S)).position == 1 + 1
    assert (await desk.acquire(C, FILE, S)).status is Status.WAITING
    await desk.get(C, "x/p/f/other", S)
    await desk.release(reading)
    assert desk.told("offered") == [(B, "")]


async def test_readers_come_in_together(desk: Desk) -> None:
    """When the writer leaves, all readers before the next writer get it at once."""
    writing = await desk.get(A)
    await desk.acquire(B, FILE, S)
    await desk.acquire(C, FOLDER, S)
    await desk.release(writing)
    assert desk.told("offered") == [(B, ""), (C, "")]


async def test_who_leaves_the_queue_lets_others_pass(desk: Desk) -> None:
    """A writer that cancels, or whose time is up, frees the readers behind it."""
    await desk.get(A, FILE, S)
    await desk.acquire(B, FILE, X)
    await desk.acquire(C, FILE, S)
    assert (await desk(Cancel(B, FILE))).status is Status.OK
    assert desk.told("refused") == [(B, "cancelled")]
    assert desk.told("offered") == [(C, "")]
    assert (await desk(Cancel(B, FILE))).status is Status.LOST
    assert (await desk(Cancel(C, FILE))).status is Status.OK
    await desk.acquire(B, FILE, X, wait_ms=2_000)
    await desk.acquire(C, FILE, S)
    await desk.wait(2, A, B, C)
    assert desk.told("refused")[-1] == (B, "timeout")
    await desk.take_offer(C)


async def test_waiters_die_with_their_session(desk: Desk) -> None:
    """A waiter whose session ended, or fell silent for good, does not block those behind it."""
    held = await desk.get(A)
    await desk(Open(B, "user:b", 10_000, 30_000))
    await desk.acquire(B, wait_ms=600_000)
    await desk.acquire(C, wait_ms=600_000)
    await desk.wait(11, A, C)
    assert desk.told("refused") == [(B, "session")]
    await desk.release(held)
    assert desk.told("offered") == [(C, "")]


async def test_an_ended_session_is_not_offered_anything(desk: Desk) -> None:
    """All its places in the queue go before anybody moves up."""
    await desk.get(A, "x/p/d/1", S)
    await desk.acquire(B, "x/p/d/1", X)
    await desk.acquire(B, "x/p/d", X)
    await desk.acquire(C, "x/p/d/1", S)
    await desk(End(B))
    assert desk.told("offered") == [(C, "")]


# Repeating


async def test_a_repeated_request_is_done_once(desk: Desk) -> None:
    """However often it arrives, it is one acquisition with one fence; when it is over, it is not begun anew."""
    first = await desk.get(A, request="1")
    again = await desk.get(A, request="1")
    assert again == first
    await desk.release(first)
    for _ in range(2):
        assert (await desk.acquire(A, request="1")).status is Status.ENDED
    assert await desk.holders() == []


async def test_a_repeated_request_follows_its_waiter(desk: Desk) -> None:
    """The answer is where it stands now: queued, offered, granted."""
    held = await desk.get(A)
    assert (await desk.acquire(B, request="2")).status is Status.QUEUED
    assert (await desk.acquire(B, request="2")).position == 1
    await desk.release(held)
    offered = await desk.acquire(B, request="2")
    assert offered.status is Status.OFFERED
    grant = await desk.take_offer(B)
    assert (await desk.acquire(B, request="2")).grant == grant


async def test_a_repeated_request_is_refused_again(desk: Desk) -> None:
    """A refusal that was not heard is not turned into a lease that nobody knows of."""
    held = await desk.get(A)
    assert (await desk.acquire(B, wait_ms=0, request="3")).status is Status.HELD
    await desk.release(held)
    assert (await desk.acquire(B, wait_ms=0, request="3")).status is Status.HELD
    assert (await desk.acquire(B, FOLDER, request="3")).reason == "reused"


async def test_requests_are_forgotten_after_a_while(desk: Desk) -> None:
    """Two minutes later the same id is a new request."""
    await desk.release(await desk.get(A, request="4"))
    await desk.wait(120, A)
    await desk.get(A, request="4")


# Upgrades and deadlocks


async def test_an_upgrade_goes_before_everybody(desk: Desk) -> None:
    """A reader becomes the writer when the other readers are gone, before the writers that wait; its fence is new."""
    mine, other = await desk.get(A, FILE, S), await desk.get(B, FILE, S)
    await desk.acquire(C, FILE, X)
    assert (await desk.acquire(A, FILE, X)).status is Status.QUEUED
    reply = await desk.release(other)
    assert [(event.kind, event.session) for event in reply.events] == [("released", B), ("acquired", A)]
    upgraded = reply.events[-1]
    assert upgraded.fence > other.fence
    assert (await desk(Check(FILE, upgraded.fence))).status is Status.OK
    assert (await desk.release(mine)).grant is not None
    assert (await desk.release(mine)).grant is None
    assert desk.told("offered") == [(C, "")]


async def test_two_upgrades_would_wait_for_each_other(desk: Desk) -> None:
    """The second reader that wants to write is refused, and told who waits for whom."""
    await desk.get(A, FILE, S)
    await desk.get(B, FILE, S)
    await desk.acquire(A, FILE, X)
    refused = await desk.acquire(B, FILE, X)
    assert (refused.status, refused.cycle) == (Status.DEADLOCK, (B, A))


async def test_a_circle_is_refused_where_it_would_close(desk: Desk) -> None:
    """a holds 1 and waits for 2, b holds 2 and waits for 3, c holds 3: c must not wait for 1."""
    for session, number in ((A, 1), (B, 2), (C, 3)):
        await desk.get(session, f"x/p/d/{number}")
    for session, number in ((A, 2), (B, 3)):
        assert (await desk.acquire(session, f"x/p/d/{number}")).status is Status.QUEUED
    refused = await desk.acquire(C, "x/p/d/1")
    assert (refused.status, refused.cycle) == (Status.DEADLOCK, (C, A, B))
    assert (await desk.acquire(C, "x/p/d/1", wait_ms=0)).status is Status.HELD


async def test_places_in_the_queue_count_for_a_circle(desk: Desk) -> None:
    """Waiting behind somebody who waits for what one holds is a deadlock too."""
    await desk.get(A, "x/p/d/1")
    await desk.get(B, "x/p/d/2")
    await desk.acquire(C, "x/p/d/2")
    await desk.acquire(C, "x/p/d/1")
    assert (await desk.acquire(A, "x/p/d/2")).cycle == (A, C)


async def test_an_upgrade_that_holds_up_readers_is_checked(desk: Desk) -> None:
    """An upgrade is refused if a reader it would overtake holds what its session waits for."""
    await desk.get(A, FILE, S)
    await desk.get(B, "x/p/d/1")
    await desk.get(C, "x/p/f/src/other")
    assert (await desk.acquire(A, "x/p/d/1")).status is Status.QUEUED
    assert (await desk.acquire(B, FOLDER, S)).status is Status.QUEUED
    assert (await desk.acquire(A, FILE, X)).cycle == (A, B)


# The end of a lease


async def test_only_the_holder_with_its_fence_releases(desk: Desk) -> None:
    """Others, and holders of the past, are refused, and each learns why; the lease stays."""
    grant = await desk.get(A)
    assert (await desk(Release(B, FILE, grant.fence))).status is Status.NOT_OWNER
    assert (await desk(Release(B, FILE, 1))).status is Status.LOST
    for fence in (grant.fence - 1, grant.fence + 1):
        assert (await desk(Release(A, FILE, fence))).status is Status.FENCED
    assert await desk.holders() == [(FILE, A)]


async def test_heartbeats_keep_a_lease(desk: Desk) -> None:
    """While its session beats a lease does not end; without, it ends when its time is over."""
    await desk.get(A, ttl_ms=5_000)
    await desk.wait(60, A)
    assert await desk.holders() == [(FILE, A)]
    await desk.wait(5)
    assert desk.told("expired") == [(A, "ttl")]


async def test_extend_counts_from_now(desk: Desk) -> None:
    """The new time may be shorter or longer than what was left."""
    grant = await desk.get(A, ttl_ms=5_000)
    extended = await desk(Extend(A, FILE, grant.fence, 20_000))
    assert extended.grant is not None
    assert extended.grant.expires == extended.now + 20_000
    await desk.wait(19)
    assert await desk.holders() == [(FILE, A)]
    await desk.wait(1)
    assert (await desk(Extend(A, FILE, grant.fence, 20_000))).status is Status.LOST


async def test_after_a_failed_holder_it_stays_closed(desk: Desk) -> None:
    """For the lock delay nobody gets what a silent holder lost, but for that holder; after a release it is free."""
    await desk.get(A, ttl_ms=2_000)
    await desk.acquire(B)
    await desk.wait(2, B, C)
    assert await desk.holders() == [(FILE, "~a")]
    assert (await desk.acquire(C, wait_ms=0)).blockers[0].session == "~a"
    await desk.wait(4, B, C)
    assert desk.told("offered") == []
    await desk.wait(1, B, C)
    assert desk.told("offered") == [(B, "")]


async def test_a_silent_session_ends_with_all_it_holds(desk: Desk) -> None:
    """After its window it is gone: its leases have failed, it is told as expired, and it beats in vain."""
    await desk.get(A, policy=Policy.HOLD)
    await desk.wait(119, B)
    assert (await desk(Beat((B,)))).gone == ()
    assert await desk.holders() == [(FILE, A)]
    await desk.wait(1, B)
    assert desk.told("expired") == [(A, "session")]
    assert desk.told("session_expired") == [(A, ""), (C, "")]
    assert (await desk(Beat((A, B)))).gone == (A,)
    assert (await desk.acquire(A)).status is Status.NO_SESSION


async def test_a_late_heartbeat_does_not_wake_the_dead(desk: Desk) -> None:
    """A session whose window is over is gone, even if nobody has swept since."""
    await desk.get(A)
    desk.clock.advance(120)
    assert (await desk(Beat((A, B)))).gone == (A, B)


async def test_ending_a_session_in_order_frees_all_at_once(desk: Desk) -> None:
    """There is no lock delay after a goodbye."""
    await desk.get(A)
    await desk.get(A, "x/p/d/1")
    await desk.acquire(B)
    await desk(End(A))
    assert desk.told("offered") == [(B, "")]
    await desk.get(C, "x/p/d/1")


async def test_a_silent_holder_loses_what_is_wanted(desk: Desk) -> None:
    """After thirty seconds of silence somebody who waits gets it, by the holder's own choice; unwanted it stays."""
    await desk.get(A)
    await desk.get(A, "x/p/d/1")
    await desk.acquire(B, wait_ms=600_000)
    await desk.wait(29, B, C)
    assert desk.told("expired") == []
    await desk.wait(1, B, C)
    assert desk.told("expired") == [(A, "wanted")]
    await desk.wait(5, B, C)
    assert desk.told("offered") == [(B, "")]
    assert ("x/p/d/1", A) in await desk.holders()
    await desk.acquire(C, "x/p/d/1")
    assert desk.told("expired") == [(A, "wanted")] * 2


async def test_a_held_lease_waits_for_its_session(desk: Desk) -> None:
    """With `hold` nobody gets it before the window is over, and whoever is back has the same fence."""
    grant = await desk.get(A, policy=Policy.HOLD)
    await desk.acquire(B, wait_ms=600_000)
    await desk.wait(100, B)
    back = await desk(Open(A, "user:a", 120_000, 30_000))
    assert [(again.path, again.fence) for again in back.grants] == [(FILE, grant.fence)]
    await desk.wait(100, B)
    assert (await desk(Check(FILE, grant.fence))).status is Status.OK


async def test_what_a_holder_may_rely_on(desk: Desk) -> None:
    """`safe` is when somebody else may have it at the earliest: the window, the grace, or the time to live."""
    for session, options, safe in (
        (A, {}, 30_000),
        (B, {"policy": Policy.HOLD}, 120_000),
        (C, {"ttl_ms": 10_000}, 10_000),
    ):
        grant = await desk.get(session, f"x/p/d/{session}", **options)
        assert grant.safe == grant.since + safe


async def test_an_administrator_takes_it_away(desk: Desk) -> None:
    """All holders lose it and learn why; it stays closed for the lock delay, then the queue goes on."""
    grant = await desk.get(A, FILE, S)
    await desk.get(B, FILE, S)
    await desk.acquire(C, FILE, X)
    stolen = await desk(Steal(FILE, "hangs"))
    assert [taken.session for taken in stolen.grants] == [A, B]
    assert desk.told("stolen") == [(A, "hangs"), (B, "hangs")]
    assert (await desk.release(grant)).status is Status.LOST
    assert (await desk(Steal(FILE, "hangs"))).status is Status.LOST
    await desk.wait(5, A, B, C)
    assert desk.told("offered") == [(C, "")]


async def test_check_knows_the_fence_in_use(desk: Desk) -> None:
    """An old fence is fenced off by a later holder, and lost when there is none; an offer is no lease yet."""
    old = await desk.get(A)
    await desk.acquire(B)
    offer = (await desk.release(old)).events[-1]
    assert (await desk(Check(FILE, offer.fence))).status is Status.LOST
    new = await desk.take_offer(B)
    assert (await desk(Check(FILE, new.fence))).grant == new
    assert (await desk(Check(FILE, old.fence))).status is Status.FENCED
    await desk.release(new)
    assert (await desk(Check(FILE, new.fence))).status is Status.LOST


# Bounds


@pytest.mark.parametrize("rules", [Rules(grants_per_call=8, max_step_ms=UNLIMITED_MS)])
async def test_a_crowd_is_served_in_pieces(desk: Desk) -> None:
    """One call grants so many and says that there is more; newcomers do not overtake those who are left."""
    held = await desk.get(A)
    readers = [f"reader-{number:02d}" for number in range(20)]
    for reader in readers:
        await desk(Open(reader, "user", 120_000, 30_000))
        await desk.acquire(reader, FILE, S)
    await desk.acquire(B, FILE, X)
    reply = await desk.release(held)
    assert reply.more
    assert len(desk.told("offered")) == 8
    await desk.sweep()
    assert [session for session, _ in desk.told("offered")] == readers


async def test_events_are_remembered(desk: Desk) -> None:
    """Whoever was away asks for what came after the last event it saw; about a thousand are kept."""
    for _ in range(10):
        await desk.release(await desk.get(A))
    assert await desk.store.events_after(desk.project, 0) == desk.events
    assert await desk.store.events_after(desk.project, desk.events[-3].id) == desk.events[-2:]


async def test_projects_do_not_know_each_other(desk: Desk) -> None:
    """The same path in another project is another thing."""
    await desk.get(A)
    other = Desk(desk.store, await new_project(desk.store), desk.clock)
    await other(Open(B, "user:b", 120_000, 30_000))
    await other.get(B)


async def test_another_term_begins_anew(desk: Desk) -> None:
    """When the owner of all leases changes, no store goes on with what it has."""
    await desk.get(A)
    desk.store.enter(1)
    assert (await desk.store.call(desk.project, Look())).status is Status.EPOCH


# Lists and limits


async def pages(desk: Desk, path: str, limit: int) -> tuple[list[str], int]:
    """The keys of all pages, and how many pages there were."""
    keys: list[str] = []
    for number in range(1, 100):
        reply = await desk(Look(path, keys[-1] if keys else "", limit))
        found = [f"g|{g.path}|{g.session}" for g in reply.grants] + [f"w|{w.rank}" for w in reply.waiters]
        assert len(found) <= limit
        keys += found
        if len(found) < limit:
            return keys, number
    raise AssertionError("the list has no end")


async def test_a_list_comes_in_pages(desk: Desk) -> None:
    """Leases by resource, then who waits in their order, each once, however long a page is."""
    paths = [*(f"x/p/f/d{number}/a" for number in range(4)), "x/p/f/d1.b", "x/p/g/-/main", "x/p/d/db"]
    for path in paths:
        await desk.get(A, path)
        await desk.acquire(B, path)
    await desk.acquire(C, "x/p/f")
    await desk.get(C, "role/primary")
    for limit in (1, 3, 200):
        keys, _ = await pages(desk, "x", limit)
        assert keys[:7] == [f"g|{path}|{A}" for path in sorted(paths)]
        assert keys[7:] == sorted(keys[7:])
        assert (len(keys), len(set(keys))) == (15, 15)
    assert await pages(desk, "x/p/f/d1", 1) == ([f"g|x/p/f/d1/a|{A}", *keys[8:9], keys[-1]], 4)
    everywhere, _ = await pages(desk, "", 2)
    assert everywhere[0] == f"g|role/primary|{C}"
    assert everywhere[1:] == keys
    assert (await pages(desk, "role", 1))[0] == [f"g|role/primary|{C}"]


async def test_a_page_knows_the_places_before_it(desk: Desk) -> None:
    """Whoever is second for something is so on the second page too."""
    await desk.get(A)
    await desk.acquire(B)
    await desk.acquire(C)
    first = await desk(Look("x", "", 2))
    second = await desk(Look("x", f"w|{first.waiters[-1].rank}", 2))
    assert [(w.session, w.position) for w in (*first.waiters, *second.waiters)] == [(B, 1), (C, 2)]


async def test_a_cursor_of_another_list(desk: Desk) -> None:
    """It begins nowhere, and ends there."""
    await desk.get(A)
    assert (await desk(Look("x/p/d", f"g|{FILE}|{A}", 5))).grants == ()


@pytest.mark.parametrize("rules", [Rules(max_step_ms=UNLIMITED_MS, per_session=2, per_project=3)], ids=["few"])
async def test_as_many_as_there_may_be(desk: Desk) -> None:
    """Leases and requests of a session, and of a project, have a limit; what ends makes room."""
    first = await desk.get(A, "x/p/d/1")
    await desk.get(B, "x/p/d/2")
    assert (await desk.acquire(A, "x/p/d/2", request="r")).status is Status.QUEUED
    full = await desk.acquire(A, "x/p/d/3", request="full")
    assert (full.status, full.reason) == (Status.FULL, "session")
    assert (await desk.get(A, "x/p/d/1")).count == 2
    full = await desk.acquire(C, "x/p/d/3")
    assert (full.status, full.reason) == (Status.FULL, "project")
    await desk.get(C, "role/primary")
    await desk.release(first)
    await desk.release(first)
    await desk.get(A, "x/p/d/3", request="full")
