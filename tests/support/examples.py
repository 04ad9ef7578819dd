"""Request bodies that an OpenAPI document accepts, made from their schemas."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
BY_FORMAT = {"date-time": "2099-01-01T00:00:00Z", "binary": "", "password": "a password that nobody has"}
BY_TYPE: Json = {"integer": 1, "number": 1, "boolean": False, "null": None}
WORD = "acme"


def example_body(api: Json, operation: Json) -> Any:
    """The smallest JSON body that `operation` takes; None when it takes none, or one that is not JSON."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else example(api, schema)


def example(api: Json, schema: Json) -> Any:
    """A value that fits `schema`: required fields only, the first of each choice."""
    if "$ref" in schema:
        return example(api, api["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return example(api, schema[choice][0])
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object" | None:
            fields = schema.get("properties", {})
            return {name: example(api, fields[name]) for name in schema.get("required", ())}
        case "array":
            return [example(api, schema["items"])] * max(1, schema.get("minItems", 0))
        case "string":
            return BY_FORMAT.get(schema.get("format", ""), WORD).ljust(schema.get("minLength", 0), "x")
        case "integer" | "number" as type:
            return max(BY_TYPE[type], schema.get("minimum", 0))
        case type:
            return BY_TYPE[type]
