from __future__ import annotations

import pytest

from crdt_docs.strict_json import parse_json


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b' {"a": [1, -2.5e3, true, null, "x"]} ', {"a": [1, -2500.0, True, None, "x"]}),
        (b'"\\ud83d\\ude00"', "😀"),
        ('"😀"'.encode(), "😀"),
        (b"-9223372036854775808", -(1 << 63)),
        (b'"[[[[[["', "[[[[[["),
        (b'"\\"[[[[[["', '"[[[[[['),
        (b"[[[[]]]]", [[[[]]]]),
        (b"[[],[],[],[],[]]", [[], [], [], [], []]),
    ],
)
def test_plain_json_is_read(raw: bytes, value: object) -> None:
    """What every peer reads alike is read; brackets count in depth, not in strings or side by side."""
    assert parse_json(raw, max_depth=4) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"undefined",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9223372036854775808",
        b"1" * 5_000,
        b'"\\ud800"',
        b'{"\\ude00": 1}',
        b'"\xff"',
        b'"\x01"',
        b"\xef\xbb\xbf1",
        b"[[[[[]]]]]",
        b'[{"a":[{"b":[1]}]}]',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_anything_else_is_refused(raw: bytes) -> None:
    """A peer in another language would fail on it or read something else; deep nesting never reaches the parser."""
    with pytest.raises(ValueError, match=r"."):
        parse_json(raw, max_depth=4)
