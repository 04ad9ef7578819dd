"""Tests of `server.documents.examine`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pycrdt
import pytest

from server.documents import examine
from tests.support.hostile import nested_any, nested_types

KILLER = nested_any()


def keystrokes(count: int) -> list[list[bytes]]:
    """One row per keystroke in a text."""
    document = pycrdt.Doc()
    text = document.get("content", type=pycrdt.Text)
    rows: list[list[bytes]] = []
    subscription = document.observe(lambda event: rows.append([event.update]))
    for _ in range(count):
        text += "x"
    document.unobserve(subscription)
    return rows


@pytest.mark.parametrize("rows", [[], [[]], keystrokes(100), [[], *keystrokes(3)]])
async def test_honest_rows_pass(rows: list[list[bytes]]) -> None:
    """Nothing is blamed in a document that can be built."""
    assert await examine.find_breaking(rows) == []


async def test_rows_that_kill_the_process_are_found() -> None:
    """Each of several, wherever they are, also together with honest updates in one row."""
    rows = keystrokes(20)
    rows.insert(0, [KILLER])
    rows.insert(7, [rows.pop(7)[0], KILLER])
    rows.append([nested_types()])
    assert await examine.find_breaking(rows) == [0, 7, 21]


async def test_rows_that_cannot_be_decoded_are_found() -> None:
    """Bytes that are no update are blamed as well."""
    rows = keystrokes(5)
    rows.insert(2, [b"\xff\xff\xff"])
    assert await examine.find_breaking(rows) == [2]


async def test_a_normal_document_is_examined() -> None:
    """Three thousand keystrokes with a killer in the middle."""
    rows = keystrokes(3000)
    rows.insert(1500, [KILLER])
    assert await examine.find_breaking(rows) == [1500]


def test_few_guesses_find_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of guesses, each a process, grows with the logarithm of the number of rows."""
    guesses = 0

    def survives(rows: Sequence[examine.Row]) -> bool:
        nonlocal guesses
        guesses += 1
        return [KILLER] not in rows

    monkeypatch.setattr(examine, "_survives", survives)
    rows = [[b"x"]] * 3000
    rows.insert(1500, [KILLER])
    assert examine.breaking(rows) == [1500]
    assert guesses <= 2 + math.ceil(math.log2(len(rows)))


async def test_an_examination_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is killed, and the caller told that nothing is known."""
    monkeypatch.setattr(examine, "TIMEOUT_S", 0.001)
    with pytest.raises(examine.ExaminationError, match="no answer"):
        await examine.find_breaking(keystrokes(1000))


async def test_the_process_does_not_get_the_servers_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path, capfd) -> None:
    """Its environment has nothing but where to import from."""
    program = tmp_path / "show.py"
    program.write_text("import os, json; print(json.dumps([len(os.environ.get('ATRIUM_ADMIN_TOKEN', ''))]))")
    monkeypatch.setattr(examine, "__file__", str(program))
    monkeypatch.setenv("ATRIUM_ADMIN_TOKEN", "x" * 32)
    assert await examine.find_breaking([]) == [0]
