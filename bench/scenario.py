"""What a scenario is: a function that measures one server, who takes part, and which figures are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.load import Figures
from bench.servers import Server


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a scenario, as tables show it."""

    key: str
    title: str
    scale: float = 1
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """`columns[0]` is the figure that decides, and the one that is drawn."""

    name: str
    title: str
    run: Callable[[Server], Figures]
    columns: tuple[Column, ...]
    servers: tuple[type[Server], ...]
    keep: bool = False
    """Whether servers keep their documents; those that do so in a way that costs them are otherwise spared it."""
    in_subset: bool = True
    only_full: tuple[type[Server], ...] = ()
    """Servers that take so long at it that the subset does without them."""
    limit_s: float = 90
    """A run that takes longer has failed."""
