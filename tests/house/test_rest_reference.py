"""`docs/reference/rest.md` and the server's own description name the same requests."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.atrium import Atrium
from tests.support.repository import ROOT

DOCUMENTED = re.compile(r"^\| `(?P<request>[A-Z]+ /[^` ]*)`", re.MULTILINE)
METHODS = ("get", "post", "put", "patch", "delete")


def test_every_request_is_documented(tmp_path: Path) -> None:
    """What the page lists is served, and what is served is listed."""
    page = (ROOT / "docs" / "reference" / "rest.md").read_text()
    documented = {match["request"] for match in DOCUMENTED.finditer(page)}
    with Atrium(tmp_path / "data") as server:
        paths = server.request("GET", "/api/v1/openapi.json").json()["paths"]
    served = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in paths.items()
        for method in METHODS
        if method in operations and path.startswith("/api/v1")
    }
    assert documented == served
