from __future__ import annotations

import pytest

from server.files.errors import InvalidPrecondition, PreconditionRequired
from server.files.model import Precondition
from server.files.preconditions import etag, is_known, write_precondition

V1, V2 = "a" * 64, "b" * 64


def test_a_write_names_the_versions_it_replaces() -> None:
    """A list of strong tags; weak ones and foreign ones never match."""
    header = f'"sha256:{V1}", W/"sha256:{V2}", "other"'
    assert write_precondition(header, None, force=False) == Precondition(hashes=frozenset({V1}))


def test_creation_and_force() -> None:
    """`If-None-Match: *` creates, a forced `If-Match: *` overwrites anything."""
    assert write_precondition(None, "*", force=False) == Precondition(absent=True)
    assert write_precondition("*", None, force=True) == Precondition(anything=True)


@pytest.mark.parametrize(("if_match", "if_none_match"), [(None, None), ("*", None), (" * ", None)])
def test_a_write_without_a_version_is_refused(if_match: str | None, if_none_match: str | None) -> None:
    """No precondition, or one that names nothing, is 428."""
    with pytest.raises(PreconditionRequired):
        write_precondition(if_match, if_none_match, force=False)


@pytest.mark.parametrize(
    ("if_match", "if_none_match"),
    [(etag(V1), "*"), (None, etag(V1)), (f"sha256:{V1}", None), ("", None), ('"a" "b"', None), ('"a', None)],
)
def test_a_precondition_that_is_not_understood_is_refused(if_match: str | None, if_none_match: str | None) -> None:
    """Contradicting, unquoted or broken headers are 400."""
    with pytest.raises(InvalidPrecondition):
        write_precondition(if_match, if_none_match, force=False)


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (None, False),
        ("*", True),
        (etag(V1), True),
        (f"W/{etag(V1)}", True),
        (etag(V2), False),
        (f"{etag(V2)},{etag(V1)}", True),
    ],
)
def test_a_reader_that_knows_the_version_needs_no_bytes(header: str | None, known: bool) -> None:
    """`If-None-Match` on a read, compared weakly."""
    assert is_known(header, V1) is known
