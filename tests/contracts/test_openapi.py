"""The OpenAPI document is the truth: whatever is sent, no answer is 500, and each is one that it announces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.atrium import ADMIN_TOKEN, Atrium

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES, MANY_EXAMPLES = 4, 200

# What is there: invented names alone would not get past 404.
THERE = {"slug": "acme", "path": "a.txt", "user": "grace", "role": "editor"}
NAMES = {"/documents/": "acme/docs/a", "/roles/": "reviewer", "/access-templates/": "freelancer"}
LASTING = ("DELETE", "/api/v1/projects/{slug}")
"""What would take all that is there away."""


@schemathesis.serializer("application/zip")
def zip_archive(_context: schemathesis.SerializationContext, value: Any) -> Any:
    """An archive is sent as it was invented: bytes, or something that is none."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atrium]:
    """A server that answers as often as it is asked, with a project, a file and a user."""
    often = {f"ATRIUM_LIMIT_REQUESTS_{name}": "1000000" for name in ("PER_S", "BURST")}
    with Atrium(tmp_path_factory.mktemp("openapi") / "data", **often) as server:
        server.create_project("acme")
        yield server


@pytest.fixture(scope="module")
def tokens(server: Atrium) -> dict[str, str]:
    """Who asks, and with which token."""
    return {"administrator": ADMIN_TOKEN, "viewer": server.token("acme", "viewer", "grace"), "nobody": ""}


def paths_there(path: str) -> dict[str, str]:
    """Values for the parameters of `path` that lead to something."""
    there = THERE | {"name": next((name for part, name in NAMES.items() if part in path), "")}
    return {parameter: value for parameter, value in there.items() if f"{{{parameter}}}" in path}


def cases(operation: Any) -> st.SearchStrategy[Case]:
    """Requests as the document describes them, to what is there or anywhere, and requests that break its rules."""
    invented = operation.as_strategy(GenerationMode.POSITIVE)
    if (operation.method.upper(), operation.path) == LASTING:
        return invented
    known = operation.as_strategy(GenerationMode.POSITIVE, path_parameters=paths_there(operation.path))
    if not (operation.body or operation.query):
        return st.one_of(known, invented)
    return st.one_of(known, invented, operation.as_strategy(GenerationMode.NEGATIVE))


def ask(operation: Any, token: str, examples: int) -> list[str]:
    """Sends the same requests in every run; returns what is wrong with the answers."""
    faults: list[str] = []
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(operation))
    def send(case: Case) -> None:
        response = case.call(session=session, headers=headers, allow_redirects=False, timeout=60)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as found:
            faults.extend(f"{operation.label}: {fault}" for fault in found.exceptions)

    with requests.Session() as session:
        send()
    return faults


def faults_of(server: Atrium, token: str, examples: int) -> list[str]:
    """What is wrong with the answers of all operations."""
    schema = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 40
    faults: list[str] = []
    for operation in operations:
        server.try_request("PUT", "/api/v1/projects/acme/files/a.txt", content=b"text", headers={"If-None-Match": "*"})
        faults += ask(operation, token, examples)
    return faults


@pytest.mark.timeout(900)
@pytest.mark.parametrize("caller", ["administrator", "viewer", "nobody"])
def test_answers_are_announced(caller: str, server: Atrium, tokens: dict[str, str]) -> None:
    """A few requests of each kind, the same in every run: no 500, no status, type or body that is not announced."""
    faults = faults_of(server, tokens[caller], EXAMPLES)
    assert not faults, "\n".join(faults)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("caller", ["administrator", "viewer", "nobody"])
def test_many_answers_are_announced(caller: str, server: Atrium, tokens: dict[str, str]) -> None:
    """The same for many requests of each kind."""
    faults = faults_of(server, tokens[caller], MANY_EXAMPLES)
    assert not faults, "\n".join(faults)
