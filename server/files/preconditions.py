"""`If-Match` and `If-None-Match` (RFC 9110, section 13.1) over version hashes."""

from __future__ import annotations

import re

from server.files.errors import InvalidPrecondition, PreconditionRequired
from server.files.model import Precondition

ETAG_LIST = re.compile(r'\s*(?:(?:W/)?"[!#-~\x80-\xff]*"\s*(?:,\s*|$))+')
ETAG = re.compile(r'(W/)?"([!#-~\x80-\xff]*)"')
PREFIX = "sha256:"


def etag(version: str) -> str:
    """The strong entity tag of a version hash."""
    return f'"{PREFIX}{version}"'


def write_precondition(if_match: str | None, if_none_match: str | None, *, force: bool) -> Precondition:
    """What a write may replace. Raises `PreconditionRequired` when it does not say so and `InvalidPrecondition`."""
    if if_match is not None and if_none_match is not None:
        raise InvalidPrecondition("Send If-Match to replace a version or If-None-Match to create, not both.")
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise InvalidPrecondition("A write understands If-None-Match only as '*': the file must not exist.")
        return Precondition(absent=True)
    if if_match is None:
        raise PreconditionRequired('Send If-Match: "sha256:…" with the ETag you read, or If-None-Match: * to create.')
    if if_match.strip() != "*":
        return Precondition(hashes=_versions(if_match, weak=False))
    if not force:
        raise PreconditionRequired("If-Match: * overwrites whatever is there; only ?force=true by an owner does that.")
    return Precondition(anything=True)


def is_known(if_none_match: str | None, version: str) -> bool:
    """Whether a reader has this version already (304)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or version in _versions(if_none_match, weak=True)


def _versions(header: str, *, weak: bool) -> frozenset[str]:
    """The hashes in a list of entity tags; weak tags never match where the strong comparison is asked for."""
    if not ETAG_LIST.fullmatch(header):
        raise InvalidPrecondition('An entity tag is quoted: "sha256:…", as the server sent it.')
    tags = [tag for is_weak, tag in ETAG.findall(header) if weak or not is_weak]
    return frozenset(tag.removeprefix(PREFIX) for tag in tags if tag.startswith(PREFIX))
