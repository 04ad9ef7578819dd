"""Text edits: small where the change is small, whole characters only, and harmless to what others type meanwhile."""

from __future__ import annotations

from itertools import accumulate

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt_docs import text_edits
from crdt_docs.document import Document
from crdt_docs.errors import DocumentPoisoned
from crdt_docs.text_edits import MAX_EDITS, WALK_CHARACTERS, Edit, apply_edits, minimal_edits, replace_text
from crdt_docs.text_index import InvalidText

MEGABYTE = "".join(f"line {i % 50} of a repetitive text, größer 😀\n" for i in range(25_000))

TEXT = st.text(alphabet="aé🎉 \n", max_size=40)
FAMILY = "👨\u200d👩\u200d👧"


def applied(old: str, edits: list[Edit]) -> str:
    for edit in reversed(edits):
        old = old[: edit.start] + edit.insert + old[edit.end :]
    return old


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        ("same", "same", []),
        ("", "new", [Edit(0, 0, "new")]),
        ("old", "", [Edit(0, 3, "")]),
        ("one two three", "one 2 three", [Edit(4, 7, "2")]),
        ("a\nb\nc\n", "a\nB\nc\nd\n", [Edit(2, 3, "B"), Edit(6, 6, "d\n")]),
        ("the quick fox\njumps over\n", "the slow fox\njumped over\n", [Edit(4, 9, "slow"), Edit(18, 19, "ed")]),
        ("漢字漢字かな", "漢字学字かね", [Edit(2, 3, "学"), Edit(5, 6, "ね")]),
        ("no newline", "no newline\n", [Edit(10, 10, "\n")]),
        ("nul \0 a", "nul \0 b", [Edit(6, 7, "b")]),
    ],
)
def test_edits_are_what_a_person_would_do(old: str, new: str, edits: list[Edit]) -> None:
    """Words and characters that did not change are not touched."""
    assert minimal_edits(old, new) == edits


@pytest.mark.parametrize(
    ("old", "new", "edit"),
    [
        ("x😀y", "x😁y", Edit(1, 2, "😁")),
        ("cafe\u0301!", "cafe!", Edit(3, 5, "e")),
        (f"a {FAMILY} b", "a 👨\u200d👩\u200d👦 b", Edit(2, 7, "👨\u200d👩\u200d👦")),
        ("🇩🇪", "🇩🇰", Edit(0, 2, "🇩🇰")),
        ("👍🏽 ok", "👍🏿 ok", Edit(0, 2, "👍🏿")),
        ("한글 각".replace("각", "\u1100\u1161\u11a8"), "한글 \u1100\u1161", Edit(3, 6, "\u1100\u1161")),
    ],
)
def test_visible_characters_are_replaced_whole(old: str, new: str, edit: Edit) -> None:
    """An emoji sequence, a flag, an accented letter or a Hangul syllable is never cut."""
    assert minimal_edits(old, new) == [edit]


def test_one_word_in_a_megabyte_is_one_word() -> None:
    """A word inserted into 1 MB of repetitive text makes an update of some bytes."""
    document = Document()
    document.edit(lambda doc: replace_text(doc, MEGABYTE))
    middle = MEGABYTE.index("\n", 600_000)
    changed = MEGABYTE[:middle] + " wörd" + MEGABYTE[middle:]
    _, update = document.edit(lambda doc: replace_text(doc, changed))
    assert document.text() == changed
    assert len(update) < 50


def test_far_edits_leave_what_is_between() -> None:
    """Two changes at the ends of a large text do not touch its middle."""
    changed = "first\n" + MEGABYTE.replace("line 7 ", "line seven ", 1) + "last\n"
    edits = minimal_edits(MEGABYTE, changed)
    assert applied(MEGABYTE, edits) == changed
    assert sum(len(edit.insert) + edit.end - edit.start for edit in edits) < 30


def test_one_long_line_is_compared_in_parts() -> None:
    """Changes at both ends of a minified file stay small too."""
    line = MEGABYTE.replace("\n", " ")
    changed = "first " + line[:-4] + "last"
    edits = minimal_edits(line, changed)
    assert applied(line, edits) == changed
    assert sum(len(edit.insert) + edit.end - edit.start for edit in edits) < 500


def test_a_reformatted_file_is_not_rewritten() -> None:
    """Indenting every line inserts the indentation and little else."""
    lines = [f"statement_{i}();\n" for i in range(MAX_EDITS)]
    starts = [0, *accumulate(map(len, lines))][:-1]
    new = "".join(f"    {line}" for line in lines)
    assert minimal_edits("".join(lines), new) == [Edit(start, start, "    ") for start in starts]


def test_the_number_of_edits_is_bounded() -> None:
    """A change everywhere becomes fewer, larger edits, not thousands of small ones."""
    old = "".join(f"{i} a\n" for i in range(3 * MAX_EDITS))
    new = old.replace("a", "b")
    edits = minimal_edits(old, new)
    assert applied(old, edits) == new
    assert MAX_EDITS // 2 < len(edits) <= MAX_EDITS


@given(TEXT, TEXT, st.integers(1, 5))
def test_few_edits_give_the_new_text_too(old: str, new: str, most: int) -> None:
    """Whatever the texts are, with characters of several bytes, and however few edits are allowed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_edits, "MAX_EDITS", most)
        edits = minimal_edits(old, new)
    assert len(edits) <= most
    doc = pycrdt.Doc[pycrdt.Text]()
    text = doc.get("content", type=pycrdt.Text)
    text += old
    with doc.transaction():
        apply_edits(text, old, edits)
    assert str(text) == new


def test_the_nearest_edits_are_joined_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is far apart stays apart, so that cursors between are not moved."""
    monkeypatch.setattr(text_edits, "MAX_EDITS", 2)
    stays = " stays " * 20
    assert [edit.insert for edit in minimal_edits(f"a b{stays}c", f"x y{stays}z")] == ["x y", "z"]


def test_long_texts_get_fewer_edits() -> None:
    """The engine walks the text for each edit: their number times its length is bounded."""
    old = MEGABYTE * 2
    edits = minimal_edits(old, old.replace("line 7 ", "line seven "))
    assert applied(old, edits) == old.replace("line 7 ", "line seven ")
    assert len(edits) * len(old) < WALK_CHARACTERS


def test_a_concurrent_edit_survives() -> None:
    """What another client typed elsewhere meanwhile stays, whichever update comes first."""
    ours, theirs = Document(), Document()
    ours.edit(lambda doc: replace_text(doc, "one\ntwo\nthree\n"))
    theirs.apply([ours.state()])
    _, update = ours.edit(lambda doc: replace_text(doc, "one\n2\nthree\n"))
    _, typed = theirs.edit(lambda doc: replace_text(doc, "one\ntwo\nthree 😀\n"))
    ours.apply([typed])
    theirs.apply([update])
    assert ours.text() == theirs.text() == "one\n2\nthree 😀\n"


def test_lone_surrogates_are_refused_before_anything_changes() -> None:
    """A text that UTF-8 cannot hold is refused with its place, and the document stays as it was."""
    document = Document()
    document.edit(lambda doc: replace_text(doc, "a"))
    with pytest.raises(InvalidText, match="Character 2"):
        document.edit(lambda doc: replace_text(doc, "ab\ud800"))
    assert document.text() == "a"


def test_a_text_with_embeds_is_not_edited() -> None:
    """Positions in a text that holds objects cannot be known from its string, so it is refused."""
    document = Document()
    document.edit(lambda doc: doc.get("content", type=pycrdt.Text).insert_embed(0, {"image": 1}))
    with pytest.raises(DocumentPoisoned, match="embedded"):
        document.edit(lambda doc: replace_text(doc, "a"))
