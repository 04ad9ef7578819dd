"""Whatever bytes come, they are refused or safe to apply. `python -m tests.fuzz` tries for longer."""

from __future__ import annotations

import random
from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from crdt_docs.awareness import decode_awareness
from crdt_docs.errors import CrdtError, InvalidAwareness
from crdt_docs.validation import UpdateInfo, check_update, delete_set, index_document
from crdt_docs.validation.index import NO_FACTS
from crdt_docs.validation.keystroke import read_keystroke
from crdt_docs.validation.update import check_in_full
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


@settings(max_examples=300)
@given(kind=kinds, seed=seeds)
def test_the_short_cut_leads_to_the_same_place(kind: str, seed: int) -> None:
    """What is recognised as a keystroke at a glance is what a full reading finds, and is refused by none."""
    chance = Random(seed)
    moments = situations(kind)
    for situation in chance.sample(moments, min(20, len(moments))):
        for data in (situation.honest, mutated(situation.honest, chance)):
            found = read_keystroke(data, situation.known, RULES[kind])
            if found is not None:
                assert check_in_full(data, situation.known, RULES[kind]) == UpdateInfo((found,), False, NO_FACTS)


def test_keystrokes_are_recognised() -> None:
    """The short cut is taken by most of what people type."""
    typed = situations("files")
    taken = sum(read_keystroke(moment.honest, moment.known, RULES["files"]) is not None for moment in typed)
    assert taken > len(typed) / 4


def test_files_take_no_harm() -> None:
    """Accepted updates of a file apply whole: nothing waits, breaks an edit or is lost when it is loaded again."""
    assert run_jobs(list(accepted("files", Random(random.getrandbits(32)), ATTEMPTS))) == []


def test_free_documents_do_no_harm() -> None:
    """The worst that an accepted update of a document without a shape does is an error, which its room survives."""
    faults = run_jobs(list(accepted("docs", Random(random.getrandbits(32)), ATTEMPTS)))
    assert [fault for _, fault in faults if not fault.startswith("PanicException")] == []
