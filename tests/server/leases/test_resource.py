from __future__ import annotations

import pytest

from server.leases import InvalidResource, LockType, Resource

PATHS = [
    ("file", "src/main.py", "x/p/f/src/main.py", "src/main.py"),
    ("file", "src/", "x/p/f/src", "src"),
    ("file", "/", "x/p/f", "/"),
    ("file", "a|b (1)~.txt", "x/p/f/a%7Cb%20%281%29~.txt", "a|b (1)~.txt"),
    ("file", "u\u0308", "x/p/f/%C3%BC", "\u00fc"),
    ("git", "main", "x/p/g/-/main", "main"),
    ("git", "refs/heads/feature/x", "x/p/g/-/feature%2Fx", "feature/x"),
    ("git", "backend:main", "x/p/g/backend/main", "backend:main"),
    ("git", "backend:", "x/p/g/backend", "backend:"),
    ("database", "orders", "x/p/d/orders", "orders"),
    ("project", "anything", "x/p", "*"),
    ("exclusive", "deploy", "x", "*"),
]


@pytest.mark.parametrize(("lock_type", "id", "path", "canonical"), PATHS)
def test_a_name_has_one_path_and_back(lock_type: str, id: str, path: str, canonical: str) -> None:
    """Every public name has a path, and the path leads to the name in its canonical form."""
    resource = Resource.of(lock_type, id)
    assert (resource.path, resource.id) == (path, canonical)
    assert Resource.at(path) == resource
    assert Resource.of(lock_type, resource.id) == resource


@pytest.mark.parametrize(
    ("lock_type", "id"),
    [
        *[("file", id) for id in ("", "a//b", "../a", "/a", "a\\b", "a\0", "\ud800", "a" * 513, "//")],
        *[("git", id) for id in ("", ":", ":main", "-:main", "a:b:c", "refs/heads/", "a/../b")],
        *[("database", id) for id in ("", "a/b")],
        *[("project", ""), ("exclusive", ""), ("role", "primary"), ("row", "1"), ("", "a"), ("FILE", "a")],
    ],
)
def test_a_bad_name_is_refused(lock_type: str, id: str) -> None:
    """What no resource is called, and what only the server leases, is a bad request."""
    with pytest.raises(InvalidResource):
        Resource.of(lock_type, id)


def test_a_role_is_beside_the_project() -> None:
    """Whoever is primary does not keep others from leasing the whole project."""
    role = Resource.role("primary")
    assert (role.path, str(role)) == ("role/primary", "role:primary")
    assert Resource.at(role.path) == role
    assert role.type is LockType.ROLE
