from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import pytest

from server.gateway.control.hub import About, ControlHub
from server.gateway.control.relay import CHANNEL, ControlRelay
from server.kit.clock import ManualClock
from server.kit.ids import uuid7
from tests.server.gateway.control.test_hub import Listener, notice, read
from tests.support.redis import RedisServer
from tests.support.session_node import connect
from tests.support.waiting import until


@pytest.fixture
async def hubs(redis_servers: Mapping[str, RedisServer]) -> AsyncIterator[list[ControlHub]]:
    """Of two nodes that share a Redis."""
    async with AsyncExitStack() as stack:
        hubs = []
        for name in ("one", "two"):
            redis, hub = connect(redis_servers["redis-6.2"].url), ControlHub(ManualClock())
            stack.push_async_callback(redis.aclose)
            relay = ControlRelay(redis, hub, f"{name}-{uuid7()}")
            relay.start()
            stack.push_async_callback(relay.stop)
            await relay.listening.wait()
            hubs.append(hub)
        yield hubs


def join(hubs: list[ControlHub], *, deaf: bool = False) -> list[Listener]:
    """A member of one project at each node."""
    project = uuid7()
    members = [Listener(project, f"s{number}", deaf) for number in range(len(hubs))]
    for hub, member in zip(hubs, members, strict=True):
        hub.join(member, None)
    return members


async def test_what_happens_at_one_node_is_told_at_the_other(hubs: list[ControlHub]) -> None:
    """Once at each, to who may know, with numbers of each node's own that a client can come back with."""
    here, there = join(hubs)
    hubs[0].publish(here.project_id, About("files"), notice("a"))
    hubs[0].publish(here.project_id, About("files", path="secret"), notice("hidden"))
    hubs[0].publish_here(here.project_id, About("leases"), notice("of the store"))
    hubs[1].publish(here.project_id, About("files"), notice("b"))
    await until(lambda: (len(here.told), len(there.told)) == (3, 2), what="the events")
    assert sorted(there.told) == ["a", "b"]
    assert here.told == ["a", "of the store", "b"]
    known = read(there.frames[0])["event_id"]
    missed = hubs[1].join(Listener(there.project_id, "s9"), known)
    assert (missed.gap, [read(frame)["event_id"] for frame in missed.frames]) == (
        False,
        [read(there.frames[1])["event_id"]],
    )


async def test_what_all_nodes_find_out_is_told_once(hubs: list[ControlHub]) -> None:
    """A conflict that each of them has recorded is no news from another."""
    here, there = join(hubs)
    for hub in hubs:
        hub.publish(here.project_id, About("conflicts"), notice("same"), once="c1/detected")
    for hub in hubs:
        hub.publish(here.project_id, About("conflicts"), notice("end"))
    await until(lambda: here.told.count("end") == there.told.count("end") == 2, what="the end")
    assert (here.told.count("same"), there.told.count("same")) == (1, 1)


async def test_cursors_cross_in_passing(hubs: list[ControlHub]) -> None:
    """They are told, and not remembered."""
    here, there = join(hubs)
    hubs[0].pass_on(here.project_id, About("cursors", "s0"), notice("moved"))
    await until(lambda: there.told == ["moved"], what="the cursor")
    assert here.told == []
    assert "event_id" not in read(there.frames[0])


@pytest.mark.parametrize(
    "words",
    [
        "no JSON",
        "[]",
        "{}",
        '{"node": "newer", "project": "p", "about": [], "message": {"type": "of_tomorrow"}, "in_passing": false}',
        '{"node": "newer", "project": "p", "about": ["files", null, null], "message": {"type": "of_tomorrow"}}',
    ],
)
async def test_what_a_node_does_not_understand(
    hubs: list[ControlHub], redis_servers: Mapping[str, RedisServer], words: str
) -> None:
    """What another version, or anybody else, says on the channel does not make a node deaf."""
    here, there = join(hubs)
    redis = connect(redis_servers["redis-6.2"].url)
    await redis.publish(CHANNEL, words)
    await redis.aclose()
    hubs[0].publish(here.project_id, About("files"), notice("after"))
    await until(lambda: there.told == ["after"], what="the next event")
