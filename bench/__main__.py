"""`python -m bench`: runs scenarios against every server in turn and writes tables and plots. See bench/README.md."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.catalogue import SCENARIOS
from bench.programs import CACHE
from bench.report import Run, markdown, read_runs, write_page
from bench.runner import TimeBox, run_once
from bench.scenario import Scenario
from bench.servers import Server

RESULTS = Path(__file__).parent / "results"
SUBSET_MINUTES, FULL_MINUTES = 9, 120


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers end with the bench
    options = _parser().parse_args()
    chosen = [scenario for scenario in SCENARIOS if _wanted(scenario, options)]
    folder = CACHE / "results" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    runs_file = options.runs or folder / "runs.jsonl"
    runs_file.parent.mkdir(parents=True, exist_ok=True)
    if not options.only_report:
        with runs_file.open("a") as out:
            for run in _runs(chosen, options):
                print(json.dumps(run), file=out, flush=True)
    runs = read_runs(runs_file)
    for scenario in chosen:
        if table := markdown(runs, scenario):
            print(f"\n{scenario.title}\n\n{table}")
    if runs:
        write_page(runs_file.parent, runs, chosen, _command(options))
        print(f"\nRuns, tables and plots: {runs_file.parent}")
    if runs and options.publish:
        write_page(RESULTS, runs, SCENARIOS, _command(options))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures Atrium beside other servers.")
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(names)}; the subset by default"
    )
    parser.add_argument("--full", action="store_true", help="every scenario and every server")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--minutes", type=float, help="leave out what does not fit; 9, with --full 120")
    parser.add_argument("--servers", help="only servers whose names contain one of these, separated by commas")
    parser.add_argument("--runs", type=Path, help="append to this file of runs instead of a new one")
    parser.add_argument("--only-report", action="store_true", help="run nothing; report what --runs holds")
    parser.add_argument("--publish", action="store_true", help="write the tables and plots of bench/results")
    return parser


def _wanted(scenario: Scenario, options: argparse.Namespace) -> bool:
    if options.scenarios:
        return scenario.name in options.scenarios
    return options.full or options.only_report or scenario.in_subset


def _runs(scenarios: list[Scenario], options: argparse.Namespace) -> Iterator[Run]:
    """Everything once, every server in turn, then all of it again: what disturbs the machine disturbs all of them.

    So when the time is up the first repetition is complete, and only the last ones are not.
    """
    box = TimeBox(options.minutes or (FULL_MINUTES if options.full or options.scenarios else SUBSET_MINUTES))
    for repetition in range(1, options.repetitions + 1):
        for scenario in scenarios:
            for kind in scenario.servers:
                if _compared(scenario, kind, options) and box.fits(scenario, kind, repetition):
                    run = run_once(scenario, kind, repetition)
                    box.remember(run)
                    yield run


def _compared(scenario: Scenario, kind: type[Server], options: argparse.Namespace) -> bool:
    if options.servers:
        return any(part in kind.name.lower() for part in options.servers.lower().split(","))
    return options.full or kind not in scenario.only_full


def _command(options: argparse.Namespace) -> str:
    if options.scenarios:
        return f"python -m bench {' '.join(options.scenarios)}"
    return "make bench-full" if options.full else "make bench"


if __name__ == "__main__":
    sys.exit(main())
