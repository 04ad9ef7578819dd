from __future__ import annotations

import pycrdt
from hypothesis import given
from hypothesis import strategies as st

from crdt_docs.text_edits import minimal_edits
from server.files.edits import apply_edits, joined

TEXT = st.text(alphabet="aé🎉 \n", max_size=40)


@given(TEXT, TEXT, st.integers(1, 5))
def test_applied_edits_give_the_new_text(old: str, new: str, limit: int) -> None:
    """Whatever the texts are, with characters of several bytes, and however few edits are allowed."""
    edits = joined(old, minimal_edits(old, new), limit)
    assert len(edits) <= limit
    doc = pycrdt.Doc[pycrdt.Text]()
    text = doc.get("content", type=pycrdt.Text)
    text += old
    with doc.transaction():
        apply_edits(text, old, edits)
    assert str(text) == new


def test_the_nearest_edits_are_joined_first() -> None:
    """What is far apart stays apart, so that cursors between are not moved."""
    old = "a b" + " stays " * 20 + "c"
    edits = minimal_edits(old, "x y" + " stays " * 20 + "z")
    assert len(edits) == 3
    assert [edit.insert for edit in joined(old, edits, 2)] == ["x y", "z"]
