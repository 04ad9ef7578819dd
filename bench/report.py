"""Medians, tables and plots of runs."""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.scenario import Column, Scenario

Run = dict[str, Any]
NOTHING = "\N{EN DASH}"
BUSY_GENERATOR = 0.9
LATE_GENERATOR_MS = 5
OF_EVERY_TABLE = ("generator_share", "late_p99_ms", "missing")
AT_ITS_LIMIT = (
    "† the generator was busy for more than 90 % of the time: this is its limit, and no better than the server's."
)
LATE = "‡ the generator was late by more than 5 ms at its p99, for want of CPU: times in this row are upper bounds."
PAGE = """# Results

Made by `{command}` on {day}: {machine}. Medians; servers in turn within each repetition. The machine's load average was
{least:.1f} to {most:.1f}, of which the bench's own two processes are up to 2.
What is measured, how, and what the figures cannot say stands in [the design page](../README.md).

"""


def read_runs(file: Path) -> list[Run]:
    """The runs of a results file, one JSON object per line."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def medians(runs: Iterable[Run], scenario: Scenario) -> dict[str, dict[str, float]]:
    """Server → figure → median of its repetitions, in the scenario's order of servers; empty when all have failed."""
    table = {}
    for server, mine in _by_server(runs, scenario).items():
        figures = [run["figures"] for run in mine if run["figures"]]
        table[server] = {
            key: statistics.median(values)
            for key in (*(column.key for column in scenario.columns), *OF_EVERY_TABLE)
            if (values := [_number(run[key]) for run in figures if key in run])
        }
    return table


def _by_server(runs: Iterable[Run], scenario: Scenario) -> dict[str, list[Run]]:
    mine = [run for run in runs if run["scenario"] == scenario.name]
    servers = {server.name: [run for run in mine if run["server"] == server.name] for server in scenario.servers}
    return {name: found for name, found in servers.items() if found}


def _number(value: float | None) -> float:
    """None is what never came."""
    return float("inf") if value is None else value


def markdown(runs: Sequence[Run], scenario: Scenario) -> str:
    """The scenario's table: a row per server, ratios of Atrium's deciding figure to each that has lost nothing."""
    table = medians(runs, scenario)
    if not table:
        return ""
    titles = [column.title for column in scenario.columns]
    lines = [f"| server | {' | '.join(titles)} | Atrium / this |", f"|---|{'---:|' * (len(titles) + 1)}"]
    first, figures_of_first = next(iter(table.items()))
    atrium = figures_of_first.get(scenario.columns[0].key) if first.startswith("Atrium") else None
    lines += [_row(server, figures, scenario, atrium) for server, figures in table.items()]
    return "\n".join([*lines, *_notes(runs, scenario, table)])


def _row(server: str, figures: dict[str, float], scenario: Scenario, atrium: float | None) -> str:
    if not figures:
        return f"| {server} | failed |{' |' * len(scenario.columns)}"
    marks = "".join(f" {mark}" for mark in _marks(figures))
    cells = [_shown(figures.get(column.key), column) for column in scenario.columns]
    return f"| {server}{marks} | {' | '.join(cells)} | {_ratio(atrium, figures, scenario)} |"


def _marks(figures: dict[str, float]) -> list[str]:
    """What must be known of the generator to read these figures."""
    busy = figures.get("generator_share", 0) > BUSY_GENERATOR
    late = figures.get("late_p99_ms", 0) > LATE_GENERATOR_MS
    return ["†"] * busy + ["‡"] * late


def _ratio(atrium: float | None, figures: dict[str, float], scenario: Scenario) -> str:
    this = figures.get(scenario.columns[0].key)
    if figures.get("missing", 0) > 0:
        return "loses"  # whoever does less has it easier
    return NOTHING if atrium is None or not this or this == float("inf") else f"{atrium / this:.2f}"


def _notes(runs: Sequence[Run], scenario: Scenario, table: dict[str, dict[str, float]]) -> list[str]:
    marks = {mark for figures in table.values() for mark in _marks(figures)}
    notes = [note for note in (AT_ITS_LIMIT, LATE) if note[0] in marks]
    for server, mine in _by_server(runs, scenario).items():
        failures = [run["error"] for run in mine if run.get("error")]
        if failures:
            notes.append(f"{server} failed in {len(failures)} of {len(mine)} runs: {failures[-1]}")
    return [part for note in notes for part in ("", note)]


def _shown(value: float | None, column: Column) -> str:
    if value == float("inf"):
        return "never"
    return NOTHING if value is None else f"{value * column.scale:,.{column.digits}f}"


BAR, GAP, LEFT, WIDTH = 18, 8, 190, 640


def svg(runs: Iterable[Run], scenario: Scenario) -> str:
    """Horizontal bars of the deciding figure; without a bar, whoever has failed or never came to it."""
    column = scenario.columns[0]
    values = {server: figures.get(column.key) for server, figures in medians(runs, scenario).items()}
    longest = max((value for value in values.values() if value and _drawn(value)), default=0) or 1
    height = 40 + len(values) * (BAR + GAP)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12"',
        f'viewBox="0 0 {WIDTH} {height}">',
        f'<text x="8" y="18" font-size="13">{escape(scenario.title)} ({escape(column.title)})</text>',
    ]
    for row, (server, value) in enumerate(values.items()):
        y = 32 + row * (BAR + GAP)
        width = max(1, (value or 0) / longest * (WIDTH - LEFT - 100)) if _drawn(value) else 1
        fill = "#2f6fde" if server.startswith("Atrium") else "#9aa5b1"
        shown = "failed" if value is None else _shown(value, column)
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(server)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{fill}"/>',
            f'<text x="{LEFT + width + 6:.1f}" y="{y + 13}">{shown}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def _drawn(value: float | None) -> bool:
    return value is not None and value != float("inf")


def write_page(folder: Path, runs: Sequence[Run], scenarios: Iterable[Scenario], command: str) -> None:
    """`README.md` with every scenario's table, and a plot of each beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    loads = [run["load"] for run in runs]
    day = runs[-1]["when"][:10]
    parts = [PAGE.format(command=command, day=day, machine=machine(), least=min(loads), most=max(loads))]
    for scenario in scenarios:
        table = markdown(runs, scenario)
        if table:
            (folder / f"{scenario.name}.svg").write_text(svg(runs, scenario))
            times = max(run["repetition"] for run in runs if run["scenario"] == scenario.name)
            repeated = f"`{scenario.name}`, {times} repetition{'s' if times > 1 else ''}."
            plot = f"![{scenario.title}]({scenario.name}.svg)"
            parts.append(f"## {scenario.title}\n\n{repeated}\n\n{plot}\n\n{table}\n\n")
    (folder / "README.md").write_text("".join(parts).rstrip() + "\n")


def machine() -> str:
    """The processor, the kernel and Python, for people."""
    found = subprocess.run(["lscpu"], capture_output=True, text=True, check=False, timeout=10).stdout
    model = next((line.partition(":")[2].strip() for line in found.splitlines() if line.startswith("Model name")), "")
    linux = platform.release().partition("-")[0]
    return f"{model or platform.machine()}, Linux {linux}, Python {platform.python_version()}"
