"""Applies updates where a crash does no harm: in a process of its own, many in a row.

Run as a module it reads jobs, one JSON object a line, and answers each with a line: a JSON list of what went wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pycrdt

from crdt_docs.document import decode_state_vector

JOB_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Job:
    """Updates that were accepted for the document `base` one after another, and the state vector they must lead to."""

    base: str
    updates: list[str]
    expected: dict[int, int]
    plain: bool  # a file: read and edited by the server


def run_jobs(jobs: Sequence[Job]) -> list[tuple[Job, str]]:
    """The jobs that went wrong, and how; one that ends or stops the process is one of them."""
    faults: list[tuple[Job, str]] = []
    left = list(jobs)
    while left:
        answers, ending = _run(left)
        faults += [(job, fault) for job, answer in zip(left, answers, strict=False) for fault in json.loads(answer)]
        left = left[len(answers) :]
        if left:
            faults.append((left.pop(0), ending))
    return faults


def _run(jobs: Sequence[Job]) -> tuple[list[str], str]:
    lines = "".join(json.dumps(asdict(job)) + "\n" for job in jobs)
    try:
        run = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.engine"],
            input=lines,
            capture_output=True,
            text=True,
            timeout=JOB_TIMEOUT_S + 0.01 * len(jobs),
        )
    except subprocess.TimeoutExpired as stuck:
        output = stuck.stdout or b""
        return output.decode().splitlines(), "it never ends"
    return run.stdout.splitlines(), f"the process ended with {run.returncode}: {run.stderr[-300:]}"


def _apply(job: Job) -> list[str]:
    doc = pycrdt.Doc[Any]()
    doc.apply_update(bytes.fromhex(job.base))
    for update in job.updates:
        doc.apply_update(bytes.fromhex(update))
    faults = []
    if decode_state_vector(doc.get_state()) != job.expected:
        faults.append(f"the state vector is {decode_state_vector(doc.get_state())}, not {job.expected}")
    copy = pycrdt.Doc[Any]()
    copy.apply_update(doc.get_update())
    if decode_state_vector(copy.get_state()) != decode_state_vector(doc.get_state()):
        faults.append("the document has lost something when it is loaded again")
    if job.plain:
        text = doc.get("content", type=pycrdt.Text)
        before = str(text)
        text.insert(0, "x")
        text.insert(len(str(text).encode()), "y")
        if str(text) != f"x{before}y":
            faults.append(f"an edit made {str(text)!r} of {before!r}")
        doc.get_update()
    return faults


def _answer(line: str) -> list[str]:
    fields = json.loads(line)
    fields["expected"] = {int(client): clock for client, clock in fields["expected"].items()}
    try:
        return _apply(Job(**fields))
    except BaseException as fault:  # a panic of the engine derives from nothing narrower
        return [f"{type(fault).__name__}: {fault}"]


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_answer(line)), flush=True)
