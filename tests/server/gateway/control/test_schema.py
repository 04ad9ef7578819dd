from __future__ import annotations

from server.gateway.control.schema import schema
from tests.server.gateway.control.conftest import House

TYPES = {
    *("ping", "lock_request", "lock_release", "lock_renew", "lock_cancel", "lock_accept", "conflict_resolved"),
    *("cursor", "subscribe", "leave", "switch", "welcome", "pong", "session_connected", "session_disconnected"),
    *("session_role_changed", "session_ended", "lock_acquired", "lock_queued", "lock_offered", "lock_refused"),
    *("lock_released", "lock_expired", "lock_stolen", "lock_renewed", "lock_cancelled", "conflict_detected"),
    *("lock_ask", "lock_asked"),
    *("conflict_updated", "file_changed", "notice", "error", "left", "subscribed"),
}


def test_every_message_is_described() -> None:
    """One definition for each type of message, with what it is about."""
    definitions = [each for each in schema()["$defs"].values() if "type" in each.get("properties", {})]
    assert {each["properties"]["type"]["const"] for each in definitions} == TYPES
    assert all(each["description"] for each in definitions)


async def test_the_page(house: House) -> None:
    """It is for everybody."""
    async with house.server.client({}) as http:
        answer = await http.get("/control/schema.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.json() == schema()
