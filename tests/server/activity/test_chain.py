"""The hash chain: whatever somebody does to the rows shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from server.activity.chain import MAX_FAULTS, START, Report, digest, link, timestamp, verify
from server.activity.model import CHECKPOINT, PRUNED, Entry, Head, Note, canonical, note
from server.kit.audit import Act
from tests.support.activity import MIA, act

NOW = datetime(2026, 1, 1, 12, 30, 0, 5, tzinfo=UTC)


def chain(*acts: Act, head: Head = START) -> list[Entry]:
    return list(link((note(act, NOW) for act in acts), head))


def five(project: str = "p") -> list[Entry]:
    return chain(*(act(resource=f"file/{number}", project=project) for number in range(5)))


def faults(entries: list[Entry]) -> list[tuple[int, str]]:
    [report], _met = verify(entries)
    return [(fault.seq, fault.text) for fault in report.faults]


def test_the_documented_encoding() -> None:
    """Anybody can compute a hash from the documentation alone."""
    taken = note(act("file.moved", "p", "file/ä", detail={"to": "b"}), NOW)
    row = ["atrium-audit-1", "0" * 64, "p", 1, "2026-01-01T12:30:00.000005Z", "user:1", "mia", "person", "abcd1234"]
    row += ["192.0.2.1", "file", "file.moved", "file/ä", "done", '{"to":"b"}']
    encoded = json.dumps(row, separators=(",", ":")).encode("ascii")
    assert digest(taken, 1, "0" * 64) == hashlib.sha256(encoded).hexdigest()


def test_a_whole_chain() -> None:
    """Rows as they were written have no fault; the report names their number and the head."""
    entries = five()
    [report], _met = verify(entries)
    assert report == Report("p", rows=5, head=Head(5, entries[-1].hash))


@pytest.mark.parametrize("name", [field.name for field in fields(Note)])
def test_every_field_is_covered(name: str) -> None:
    """A row that was changed in any field is named."""
    entries = five()
    value = datetime(2025, 1, 1, tzinfo=UTC) if name == "at" else "p" if name == "chain" else "other"
    entries[2] = replace(entries[2], note=replace(entries[2].note, **{name: value}))
    assert faults(entries) == ([] if name == "chain" else [(3, "was changed")])


def test_a_row_of_another_chain() -> None:
    """A row that was moved to another project does not fit there."""
    other = five("q")
    entries = five()
    entries[2] = replace(other[2], note=replace(other[2].note, chain="p"))
    assert [seq for seq, _ in faults(entries)] == [3, 3, 4]


def test_a_changed_row_with_a_new_hash() -> None:
    """Who computes the hash of the changed row anew breaks the row after it."""
    entries = five()
    changed = replace(entries[2].note, resource="file/other")
    entries[2] = replace(entries[2], note=changed, hash=digest(changed, 3, entries[2].prev_hash))
    assert faults(entries) == [(4, "does not follow the row before it")]


def test_missing_rows() -> None:
    """A gap is named, in the middle and at the beginning."""
    entries = five()
    assert faults([entries[0], *entries[3:]]) == [(4, "rows 2 to 3 are missing")]
    assert faults(entries[1:]) == [(2, "rows 1 to 1 are missing")]


def test_rows_in_another_order() -> None:
    """Rows that changed places are both named."""
    entries = five()
    entries[1], entries[2] = replace(entries[2], seq=2), replace(entries[1], seq=3)
    assert {seq for seq, _ in faults(entries)} == {2, 3, 4}


def test_a_cut_tail_needs_an_anchor() -> None:
    """The remaining rows are whole; only a head that was kept elsewhere shows that there were more."""
    entries = five()
    head = entries[-1].hash
    assert faults(entries[:3]) == []
    assert verify(entries, [head])[1] == {head}
    assert verify(entries[:3], [head])[1] == set()


def pruned(entries: list[Entry], through: int, announced: tuple[int, str] | None) -> list[Entry]:
    """`entries` with everything up to `through` replaced by a checkpoint, and announced at the end."""
    last = entries[through - 1]
    checkpoint = replace(last, note=replace(last.note, action=CHECKPOINT), prev_hash="")
    detail = {} if announced is None else {"through": announced[0], "hash": announced[1]}
    ending = chain(Act(PRUNED, MIA, "p", detail=detail), head=Head(5, entries[-1].hash))
    return [checkpoint, *entries[through:], *ending]


def test_a_checkpoint_carries_the_chain_on() -> None:
    """What was pruned and announced is no fault; the rest is proven as before."""
    entries = five()
    kept = pruned(entries, 3, (3, entries[2].hash))
    [report], _met = verify(kept)
    assert (report.faults, report.pruned, report.rows) == ([], 3, 3)
    kept[1] = replace(kept[1], note=replace(kept[1].note, resource="other"))
    assert faults(kept) == [(4, "was changed")]


def test_a_pruning_that_is_not_finished() -> None:
    """Rows go in pieces: a checkpoint before the announced end is no fault."""
    entries = five()
    assert faults(pruned(entries, 2, (4, entries[3].hash))) == []


@pytest.mark.parametrize("announced", [None, (2, "0" * 64), (3, "0" * 64)])
def test_a_checkpoint_that_nobody_announced(announced: tuple[int, str] | None) -> None:
    """Who cuts off the beginning and leaves a checkpoint is found out."""
    assert faults(pruned(five(), 3, announced)) == [(3, "rows before it were removed, and the log does not say so")]


def test_a_checkpoint_in_the_middle() -> None:
    """A checkpoint stands at the beginning only; anywhere else it is a changed row."""
    entries = five()
    entries[2] = replace(entries[2], note=replace(entries[2].note, action=CHECKPOINT))
    assert faults(entries) == [(3, "was changed")]


def test_chains_are_independent() -> None:
    """Each chain has its own report, and begins at 1."""
    reports, _met = verify([*five("p"), *five("q")])
    assert [(report.chain, report.rows, report.faults) for report in reports] == [("p", 5, []), ("q", 5, [])]


def test_a_wrecked_chain_has_a_short_report() -> None:
    """The first faults are enough."""
    entries = [replace(entry, hash="") for entry in chain(*([act()] * 100))]
    assert len(faults(entries)) == MAX_FAULTS


def test_times_are_exact() -> None:
    """Microseconds and Z, always."""
    assert timestamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"
    assert canonical({}) == "{}"
