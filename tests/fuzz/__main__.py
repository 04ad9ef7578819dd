"""Fuzzes the validator for as long as one likes: `python -m tests.fuzz [--kind files|docs] [--seconds 60] [--seed 1]`.

Every update that `check_update` accepts must be safe to apply. Each fault is printed as hex, to become a test.
"""

from __future__ import annotations

import argparse
import sys
import time
from random import Random

from tests.fuzz.engine import run_jobs
from tests.fuzz.session import RULES, accepted

BATCH = 2_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--kind", choices=sorted(RULES), default="files")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds
    tried = applied = faults = 0
    random = Random(options.seed)
    while time.monotonic() < deadline:
        jobs = list(accepted(options.kind, random, BATCH))
        for job, fault in run_jobs(jobs):
            faults += 1
            print(
                fault, f"  base   {job.base}", *(f"  update {update}" for update in job.updates), sep="\n", end="\n\n"
            )
        tried += BATCH
        applied += sum(len(job.updates) for job in jobs)
        print(f"{tried} tried, {applied} applied, {faults} faults", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
