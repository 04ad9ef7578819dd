"""`python -m bench`: runs scenarios against every server in turn and writes tables and plots. See bench/README.md."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.catalogue import SCENARIOS, Scenario
from bench.programs import CACHE
from bench.report import Run, markdown, read_runs, svg
from bench.servers import Server

RESULTS = Path(__file__).parent / "results"
PAGE = """# Results

Made by `{command}` on {day}: {machine}. Medians; servers in turn within each repetition.
What is measured, how, and what the figures cannot say stands in [the design page](../README.md).

"""


def main() -> int:
    options = _parser().parse_args()
    chosen = [scenario for scenario in SCENARIOS if _wanted(scenario, options)]
    runs_file = options.runs or CACHE / "results" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    runs_file.parent.mkdir(parents=True, exist_ok=True)
    if not options.only_report:
        with runs_file.open("a") as out:
            for run in _runs(chosen, options):
                print(json.dumps(run), file=out, flush=True)
    runs = read_runs(runs_file)
    for scenario in chosen:
        print(f"\n{scenario.title}\n\n{markdown(runs, scenario)}")
    print(f"\nRuns: {runs_file}")
    if options.publish:
        _publish(runs)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures Atrium beside other servers.")
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--full", action="store_true", help="also what takes long")
    parser.add_argument("--repetitions", type=int, default=3)
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
    """Every server in turn, then again: what disturbs the machine disturbs all of them."""
    for scenario in scenarios:
        for repetition in range(1, options.repetitions + 1):
            for kind in scenario.servers:
                if _compared(scenario, kind, options):
                    yield _run(scenario, kind, repetition)


def _compared(scenario: Scenario, kind: type[Server], options: argparse.Namespace) -> bool:
    if options.servers:
        return any(part in kind.name.lower() for part in options.servers.lower().split(","))
    return options.full or kind not in scenario.only_full


def _run(scenario: Scenario, kind: type[Server], repetition: int) -> Run:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="atrium-bench-") as data:
        server = kind(Path(data), keep=scenario.keep)
        try:
            figures = scenario.run(server)
        except RuntimeError as error:
            print(f"{scenario.name} {kind.name}: {error}", file=sys.stderr)
            figures = {}
        finally:
            server.process.kill()
    took = time.perf_counter() - started
    column = scenario.columns[0]
    decided = f"{figures[column.key] * column.scale:,.{column.digits}f}" if column.key in figures else "no"
    print(f"{scenario.name} · {kind.name} · {repetition}: {decided} {column.title} ({took:.0f} s)", flush=True)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return {"scenario": scenario.name, "server": kind.name, "repetition": repetition, "when": when, "figures": figures}


def _publish(runs: list[Run]) -> None:
    RESULTS.mkdir(exist_ok=True)
    command = "make bench-full" if any(run["scenario"] == "stalled" for run in runs) else "make bench"
    parts = [PAGE.format(command=command, day=runs[-1]["when"][:10], machine=_machine())]
    for scenario in SCENARIOS:
        table = markdown(runs, scenario)
        if table:
            (RESULTS / f"{scenario.name}.svg").write_text(svg(runs, scenario))
            times = max(run["repetition"] for run in runs if run["scenario"] == scenario.name)
            repeated = f"`{scenario.name}`, {times} repetition{'s' if times > 1 else ''}."
            plot = f"![{scenario.title}]({scenario.name}.svg)"
            parts.append(f"## {scenario.title}\n\n{repeated}\n\n{plot}\n\n{table}\n\n")
    (RESULTS / "README.md").write_text("".join(parts).rstrip() + "\n")


def _machine() -> str:
    cpu = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    model = next((line.partition(":")[2].strip() for line in cpu.splitlines() if line.startswith("Model name")), "")
    linux = platform.release().partition("-")[0]
    return f"{model or platform.machine()}, Linux {linux}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
