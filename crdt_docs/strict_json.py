"""JSON as every peer can read it: RFC 8259 with the bounds of JavaScript's `JSON.parse` and Rust's serde_json.

Python's reader takes more (NaN, infinities, numbers out of range, lone surrogates) and fails on deep nesting.
"""

from __future__ import annotations

import json
import math
import re

_I64 = 1 << 63
_BRACKETS_OUTSIDE_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|([\[{])|([\]}])')


def parse_json(raw: bytes, max_depth: int) -> object:
    """The value of `raw`; raises `ValueError` saying why some peer could not read it."""
    _check_depth(raw, max_depth)
    value = json.loads(raw.decode(), parse_constant=_refuse, parse_int=_integer, parse_float=_number)
    if b"\\u" in raw:
        json.dumps(value, ensure_ascii=False).encode()  # raises UnicodeEncodeError, a ValueError, on a lone surrogate
    return value


def _check_depth(raw: bytes, max_depth: int) -> None:
    if raw.count(b"[") + raw.count(b"{") <= max_depth:
        return
    depth = 0
    for token in _BRACKETS_OUTSIDE_STRINGS.finditer(raw):
        if token.lastindex == 1:
            depth += 1
            if depth > max_depth:
                raise ValueError(f"nested deeper than {max_depth}")
        elif token.lastindex == 2:
            depth -= 1


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _integer(text: str) -> int:
    value = int(text)
    if not -_I64 <= value < _I64:
        raise ValueError("an integer does not fit into 64 bits")
    return value


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value
