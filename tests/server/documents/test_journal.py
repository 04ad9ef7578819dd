"""Tests of `server.documents.journal`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.documents.journal import SLOTS, ApplyJournal, Suspect

DIE_WHILE_APPLYING = """
import os, signal, sys
from pathlib import Path
from server.documents.journal import ApplyJournal
journal = ApplyJournal(Path(sys.argv[1]))
journal.mark(1, 10)
journal.clear()
journal.mark(2, 20)
os.kill(os.getpid(), signal.SIGSEGV)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "applying"


def suspects(path: Path) -> list[Suspect]:
    """What the next process finds."""
    journal = ApplyJournal(path)
    found = journal.suspects()
    journal.close()
    return found


def die(path: Path, document_id: int) -> None:
    """A life that ends while the document is being applied."""
    journal = ApplyJournal(path)
    journal.mark(document_id, 1)
    journal.close()


def test_a_new_journal_suspects_nobody(path: Path) -> None:
    """Before the first crash there is nothing to examine; the file is the server's own."""
    assert suspects(path) == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_survived_is_no_suspect(path: Path) -> None:
    """A cleared mark leaves nothing behind."""
    journal = ApplyJournal(path)
    journal.mark(1, 10)
    journal.clear()
    journal.close()
    assert suspects(path) == []


def test_what_a_process_dies_of_is_a_suspect(path: Path) -> None:
    """A segmentation fault between `mark` and `clear` is found by the next process."""
    script = [sys.executable, "-c", DIE_WHILE_APPLYING, str(path)]
    ended = subprocess.run(script, env={"PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    assert ended.returncode == -signal.SIGSEGV
    assert suspects(path) == [Suspect(2, 20)]


def test_suspects_stay_until_they_are_absolved(path: Path) -> None:
    """Marks of later lives do not overwrite them."""
    die(path, 1)
    die(path, 2)
    journal = ApplyJournal(path)
    journal.mark(3, 1)
    journal.clear()
    assert {suspect.document_id for suspect in journal.suspects()} == {1, 2}
    journal.absolve(1)
    journal.close()
    assert suspects(path) == [Suspect(2, 1)]


def test_a_full_journal_still_takes_marks(path: Path) -> None:
    """With a suspect in every slot the newest one is still found."""
    for document_id in range(1, SLOTS + 5):
        die(path, document_id)
    assert len(suspects(path)) == SLOTS - 1
    die(path, 99)
    journal = ApplyJournal(path)
    journal.absolve(1)
    journal.close()
    die(path, 100)
    assert Suspect(100, 1) in suspects(path)


def test_a_cut_off_file_is_read_as_far_as_it_goes(path: Path) -> None:
    """Damage to the journal never keeps the server from starting."""
    die(path, 1)
    path.write_bytes(path.read_bytes()[:8])
    assert suspects(path) == [Suspect(1, 0)]
