"""Real Yjs for one question: a script in Node that gets a message and gives an answer."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.support.node import ENVIRONMENT, install, node
from tests.support.yjs import INTEROP

PRELUDE = (
    "const Y = require('yjs'); const message = JSON.parse(require('fs').readFileSync(0));"
    "const reply = (value) => process.stdout.write(JSON.stringify(value));"
)


def run_yjs(script: str, message: object) -> Any:
    """Runs a CommonJS `script` that has `Y`, `message` and a function `reply`; returns what it replied with."""
    command = [node(), "-e", PRELUDE + script]
    run = subprocess.run(
        command,
        cwd=install(INTEROP),
        env=ENVIRONMENT,
        input=json.dumps(message),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
