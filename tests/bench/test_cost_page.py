"""The tables of docs/performance.md come from a command, and only from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.costs import BEGIN, END, PAGE, publish, tables

COSTS = dict.fromkeys(
    (
        *("alone", "more", "delivery", "kib_in", "kib_out", "rooms", "presence", "connect", "idle", "put", "puts"),
        *("start_s", "start_bytes", "room_bytes", "byte_bytes", "connection_bytes"),
    ),
    0.001,
)


def test_the_page_has_a_place_for_them() -> None:
    """The markers between which the command writes are in the page, once."""
    text = PAGE.read_text()
    assert text.count(BEGIN) == text.count(END) == 1


def test_tables_replace_older_ones(tmp_path: Path) -> None:
    """What stood between the markers goes, what stands around them stays."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    publish(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


def test_a_page_without_a_place(tmp_path: Path) -> None:
    """A page that lost its markers is not written over."""
    page = tmp_path / "page.md"
    page.write_text("before\n")
    with pytest.raises(ValueError, match="no place"):
        publish(page, "new")
    assert page.read_text() == "before\n"


def test_a_difference_below_nothing_is_noise() -> None:
    """A cost that came out negative is not shown as a figure."""
    assert "| 1,000 µs | updates |" in tables(COSTS, 1)
    assert "less than the noise" in tables(COSTS | {"kib_out": -0.001}, 1)
