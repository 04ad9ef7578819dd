"""`/control/schema.json`: every message of the control channel, for programs."""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from server.gateway.control.client_messages import FROM_CLIENT
from server.gateway.control.messages import FROM_SERVER


async def schema_page(_request: Request) -> JSONResponse:
    """The schema; it is no secret, so it is for everybody."""
    return JSONResponse(schema(), media_type="application/schema+json")


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of every message, of both directions."""
    from_client = FROM_CLIENT.json_schema(ref_template="#/$defs/{model}")
    from_server = FROM_SERVER.json_schema(mode="serialization", ref_template="#/$defs/{model}")
    definitions = from_client.pop("$defs") | from_server.pop("$defs")
    definitions |= {"from_client": from_client, "from_server": from_server}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The control channel of Atrium",
        "anyOf": [{"$ref": "#/$defs/from_client"}, {"$ref": "#/$defs/from_server"}],
        "$defs": definitions,
    }
