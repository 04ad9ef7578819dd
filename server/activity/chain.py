"""The hash chain: what makes a changed, missing or moved row show.

The hash of a row is the SHA-256, in lower-case hex, of a JSON array in ASCII without blanks::

    ["atrium-audit-1", prev_hash, chain, seq, at, actor_id, actor_name, actor_kind, token_id, address, area,
     action, resource, outcome, detail]

`seq` is a number, everything else a string; `at` is ISO 8601 in UTC with microseconds and ``Z``; `detail` is the
canonical JSON text of the row; characters beyond ASCII are escaped as ``\\uXXXX``. The first row of a chain has 1 as
`seq` and 64 zeros as `prev_hash`. A checkpoint is the exception: its hash is that of the last row it stands for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from server.activity.model import CHECKPOINT, PRUNED, Entry, Head, Note

FORMAT = "atrium-audit-1"
START = Head(0, "0" * 64)
MAX_FAULTS = 20


def timestamp(at: datetime) -> str:
    """ISO 8601 in UTC with microseconds and ``Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(note: Note, seq: int, prev_hash: str) -> str:
    """The hash of a row, as this module's docstring has it."""
    row = [FORMAT, prev_hash, note.chain, seq, timestamp(note.at), note.actor_id, note.actor_name, note.actor_kind]
    row += [note.token_id, note.address, note.area, note.action, note.resource, note.outcome, note.detail]
    return hashlib.sha256(json.dumps(row, separators=(",", ":")).encode("ascii")).hexdigest()


def link(notes: Iterable[Note], head: Head) -> Iterator[Entry]:
    """The notes of one chain as entries that follow `head`."""
    for note in notes:
        entry = Entry(note, head.seq + 1, head.hash, digest(note, head.seq + 1, head.hash))
        yield entry
        head = Head(entry.seq, entry.hash)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a chain, and at which row."""

    seq: int
    text: str


@dataclass(slots=True)
class Report:
    """What the verification of one chain found; `faults` has the first ones."""

    chain: str
    rows: int = 0
    pruned: int = 0
    head: Head = START
    faults: list[Fault] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.faults

    def fault(self, seq: int, text: str) -> None:
        """Notes that something is wrong at `seq`."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(seq, text))


def verify(entries: Iterable[Entry], anchors: Collection[str] = ()) -> tuple[list[Report], set[str]]:
    """Checks entries that come in order of chain and seq: a report for each chain, and which `anchors` were met."""
    reports, met, wanted = [], set(), frozenset(anchors)
    for chain, rows in groupby(entries, key=lambda entry: entry.note.chain):
        verification = _Verification(chain)
        for entry in rows:
            verification.take(entry)
            if entry.hash in wanted:
                met.add(entry.hash)
        reports.append(verification.finish())
    return reports, met


class _Verification:
    """Follows one chain from row to row."""

    def __init__(self, chain: str) -> None:
        self._report = Report(chain)
        self._checkpoint: Entry | None = None
        self._announced: list[tuple[int, str]] = []

    def take(self, entry: Entry) -> None:
        report = self._report
        if report.rows == 0 and self._checkpoint is None and entry.note.action == CHECKPOINT:
            self._checkpoint, report.pruned = entry, entry.seq
        else:
            self._check(entry)
            report.rows += 1
        report.head = Head(entry.seq, entry.hash)

    def _check(self, entry: Entry) -> None:
        report, before = self._report, self._report.head
        if entry.seq != before.seq + 1:
            report.fault(entry.seq, f"rows {before.seq + 1} to {entry.seq - 1} are missing")
        elif entry.prev_hash != before.hash:
            report.fault(entry.seq, "does not follow the row before it")
        if entry.hash != digest(entry.note, entry.seq, entry.prev_hash):
            report.fault(entry.seq, "was changed")
        if entry.note.action == PRUNED:
            self._announced.append(_announcement(entry.note))

    def finish(self) -> Report:
        if self._checkpoint is not None and not self._is_announced(self._checkpoint):
            self._report.fault(self._checkpoint.seq, "rows before it were removed, and the log does not say so")
        return self._report

    def _is_announced(self, checkpoint: Entry) -> bool:
        """Whether a later row tells of the pruning: of exactly this hash when it went exactly so far."""
        return any(
            through > checkpoint.seq or (through == checkpoint.seq and hash == checkpoint.hash)
            for through, hash in self._announced
        )


def _announcement(note: Note) -> tuple[int, str]:
    try:
        detail = json.loads(note.detail)
        return int(detail["through"]), str(detail["hash"])
    except (ValueError, KeyError, TypeError):
        return 0, ""
