"""From a client's text to a message, or to an error that says what is wrong with it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from server.gateway.control.client_messages import FROM_CLIENT, MAX_ID, ClientMessage
from server.gateway.control.errors import MalformedMessage, UnknownType
from server.kit.errors import AtriumError, FieldError, Invalid

ERRORS = {
    "json_invalid": MalformedMessage,
    "union_tag_not_found": MalformedMessage,
    "dict_type": MalformedMessage,
    "union_tag_invalid": UnknownType,
}


def parse(text: str) -> ClientMessage:
    """The message in `text`; raises `MalformedMessage`, `UnknownType`, `Invalid`."""
    try:
        message: ClientMessage = FROM_CLIENT.validate_json(text)
    except ValidationError as error:
        raise _explained(error) from None
    return message


def reference(text: str) -> str | int | None:
    """The `id` of a message that could not be understood, if it has one."""
    try:
        said: Any = from_json(text)
    except ValueError:
        return None
    id = said.get("id") if isinstance(said, dict) else None
    if isinstance(id, bool) or not isinstance(id, str | int) or len(str(id)) > MAX_ID:
        return None
    return id


def _explained(error: ValidationError) -> AtriumError:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    kind = ERRORS.get(faults[0]["type"])
    if kind is not None:
        return kind()
    # The first part of a place is the type of the message: which of the models it was checked against.
    fields = [FieldError(fault["loc"][1:], fault["msg"]) for fault in faults]
    return Invalid("See `errors` for each field.", errors=fields)
