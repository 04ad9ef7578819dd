"""One round of fuzzing: honest histories, hostile updates, the validator between them and the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pycrdt

from crdt_docs.document import decode_state_vector
from crdt_docs.errors import CrdtError
from crdt_docs.validation import FILE_RULES, OPAQUE_RULES, DocumentIndex, check_update, index_document
from tests.fuzz.engine import Job
from tests.fuzz.mutation import Inventor, mutated

CORPUS = Path(__file__).with_name("corpus.json")
ROUND = 5
RULES = {"files": FILE_RULES, "docs": OPAQUE_RULES}


@dataclass(frozen=True)
class Situation:
    """A document as it was in the middle of a history, and the honest update that came next."""

    state: bytes
    known: dict[int, int]
    honest: bytes

    def index(self, kind: str) -> DocumentIndex:
        return index_document(self.state, self.known, RULES[kind])


@cache
def corpus() -> dict[str, list[list[bytes]]]:
    """Histories of updates that real Yjs clients made, by kind of document; `make_corpus.mjs` makes them."""
    histories = json.loads(CORPUS.read_text())
    return {kind: [[bytes.fromhex(u) for u in history] for history in of_kind] for kind, of_kind in histories.items()}


@cache
def situations(kind: str) -> list[Situation]:
    """Every moment of every history of the corpus."""
    found = []
    for history in corpus()[kind]:
        doc = pycrdt.Doc[Any]()
        for honest in history:
            state = doc.get_update()
            found.append(Situation(state, decode_state_vector(doc.get_state()), honest))
            doc.apply_update(honest)
    return found


def accepted(kind: str, random: Random, count: int) -> Iterator[Job]:
    """What the validator lets through of `count` hostile updates, several in a row; errors but refusals pass on."""
    for _ in range(count // ROUND):
        situation = random.choice(situations(kind))
        known, index = dict(situation.known), situation.index(kind)
        through = []
        for hostile in (_hostile(kind, random, situation, known) for _ in range(ROUND)):
            with suppress(CrdtError):
                info = check_update(hostile, known, RULES[kind], index)
                known |= info.advances(known)
                index.update(info.facts)
                through.append(hostile.hex())
        if through:
            yield Job(situation.state.hex(), through, known, plain=kind == "files")


def _hostile(kind: str, random: Random, situation: Situation, known: dict[int, int]) -> bytes:
    if random.random() < 0.3:
        return mutated(situation.honest, random)
    return Inventor(random, known, plain=kind == "files").update()
