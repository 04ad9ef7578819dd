from __future__ import annotations

import pytest

from server.access.model import TokenKind
from server.access.token_format import is_token_id, new_token, parse_token, token_digest


@pytest.mark.parametrize("kind", TokenKind)
def test_a_new_token_parses(kind: TokenKind) -> None:
    """What is made is well-formed, and carries its kind and public id."""
    text, id = new_token(kind)
    assert parse_token(text) == (kind, id)
    assert text.startswith(f"atr_{kind}_{id}_")
    assert is_token_id(id)


def test_tokens_differ() -> None:
    """No two tokens share an id or a secret."""
    made = [new_token(TokenKind.PERSONAL) for _ in range(1000)]
    assert len({id for _, id in made}) == len({text.split("_")[3] for text, _ in made}) == 1000


def test_every_changed_character_is_noticed() -> None:
    """A typo anywhere makes a token malformed: the checksum covers all of it."""
    text, _ = new_token(TokenKind.PERSONAL)
    for place, character in enumerate(text):
        typo = text[:place] + ("a" if character != "a" else "b") + text[place + 1 :]
        assert parse_token(typo) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "atr",
        "atr_pat",
        "atr_xyz_aaaaaaaa_" + "a" * 43 + "_00000000",
        "\n",
        "\ud800",
        "é" * 70,
        "atr_pat_" * 100_000,
    ],
    ids=["empty", "prefix", "short", "unknown kind", "newline", "surrogate", "non-ASCII", "oversized"],
)
def test_anything_else_is_malformed(text: str) -> None:
    """Text of any kind and size is refused without an error, and can be hashed."""
    assert parse_token(text) is None
    assert len(token_digest(text)) == 32


def test_trailing_newline_is_not_a_token() -> None:
    """A token is exactly its text."""
    text, _ = new_token(TokenKind.AGENT)
    assert parse_token(text + "\n") is None
