"""Medians, tables and plots of runs."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.catalogue import Column, Scenario

Run = dict[str, Any]
NOTHING = "\N{EN DASH}"


def read_runs(file: Path) -> list[Run]:
    """The runs of a results file, one JSON object per line."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def medians(runs: Iterable[Run], scenario: Scenario) -> dict[str, dict[str, float]]:
    """Server → figure → median of its repetitions, in the scenario's order of servers."""
    mine = [run for run in runs if run["scenario"] == scenario.name]
    table = {}
    for server in (server.name for server in scenario.servers):
        figures = [run["figures"] for run in mine if run["server"] == server and run["figures"]]
        if figures:
            table[server] = {
                column.key: statistics.median(values)
                for column in scenario.columns
                if (values := [run[column.key] for run in figures if column.key in run])
            }
    return table


def markdown(runs: Iterable[Run], scenario: Scenario) -> str:
    """The scenario's table: a row per server, ratios of the deciding figure to the first row's."""
    table = medians(runs, scenario)
    if not table:
        return ""
    first = scenario.columns[0].key
    atrium = next(iter(table.values())).get(first, 0)
    titles = [column.title for column in scenario.columns]
    lines = [f"| server | {' | '.join(titles)} | Atrium / this |", f"|---|{'---:|' * (len(titles) + 1)}"]
    for server, figures in table.items():
        cells = [_shown(figures.get(column.key), column) for column in scenario.columns]
        ratio = f"{atrium / figures[first]:.2f}" if figures.get(first) else NOTHING
        lines.append(f"| {server} | {' | '.join(cells)} | {ratio} |")
    return "\n".join(lines)


def _shown(value: float | None, column: Column) -> str:
    if value == float("inf"):
        return "never"
    return NOTHING if value is None else f"{value * column.scale:,.{column.digits}f}"


BAR, GAP, LEFT, WIDTH = 18, 8, 190, 640


def svg(runs: Iterable[Run], scenario: Scenario) -> str:
    """Horizontal bars of the deciding figure."""
    column = scenario.columns[0]
    values = {
        server: figures[column.key] for server, figures in medians(runs, scenario).items() if column.key in figures
    }
    longest = max(values.values(), default=0) or 1
    height = 40 + len(values) * (BAR + GAP)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12"',
        f'viewBox="0 0 {WIDTH} {height}">',
        f'<text x="8" y="18" font-size="13">{escape(scenario.title)} ({escape(column.title)})</text>',
    ]
    for row, (server, value) in enumerate(values.items()):
        y = 32 + row * (BAR + GAP)
        width = max(1, value / longest * (WIDTH - LEFT - 100))
        fill = "#2f6fde" if server.startswith("Atrium") else "#9aa5b1"
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(server)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{fill}"/>',
            f'<text x="{LEFT + width + 6:.1f}" y="{y + 13}">{_shown(value, column)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
