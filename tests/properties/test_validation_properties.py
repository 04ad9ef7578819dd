"""Whatever bytes come, they are refused or safe to apply. `python -m tests.fuzz` tries for longer."""

from __future__ import annotations

import random
from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from crdt_docs.awareness import decode_awareness
from crdt_docs.errors import CrdtError, InvalidAwareness
from crdt_docs.validation import check_update, delete_set, index_document
from tests.fuzz.engine import run_jobs
from tests.fuzz.mutation import Inventor, mutated
from tests.fuzz.session import RULES, accepted, situations

ATTEMPTS = 10_000
seeds = st.integers(0, 1 << 32)
kinds = st.sampled_from(sorted(RULES))


@given(data=st.binary(max_size=200), kind=kinds)
def test_any_bytes_get_an_answer(data: bytes, kind: str) -> None:
    """Random bytes raise nothing but refusals, at every entrance."""
    with suppress(CrdtError):
        check_update(data, {}, RULES[kind])
    with suppress(CrdtError):
        delete_set(data)
    with suppress(InvalidAwareness):
        decode_awareness(data)
    index_document(data, {}, RULES[kind])


@settings(max_examples=300)
@given(kind=kinds, seed=seeds)
def test_hostile_updates_get_an_answer(kind: str, seed: int) -> None:
    """Honest updates with pieces changed, and invented ones, raise nothing but refusals."""
    chance = Random(seed)
    situation = chance.choice(situations(kind))
    invented = Inventor(chance, situation.known, plain=kind == "files").update()
    for data in (mutated(situation.honest, chance), invented):
        with suppress(CrdtError):
            check_update(data, situation.known, RULES[kind], situation.index(kind))


def test_files_take_no_harm() -> None:
    """Accepted updates of a file apply whole: nothing waits, breaks an edit or is lost when it is loaded again."""
    assert run_jobs(list(accepted("files", Random(random.getrandbits(32)), ATTEMPTS))) == []


def test_free_documents_do_no_harm() -> None:
    """The worst that an accepted update of a document without a shape does is an error, which its room survives."""
    faults = run_jobs(list(accepted("docs", Random(random.getrandbits(32)), ATTEMPTS)))
    assert [fault for _, fault in faults if not fault.startswith("PanicException")] == []
