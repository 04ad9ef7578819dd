"""The text of a token: ``atr_<kind>_<id8>_<secret>_<crc>``.

The id is public and finds the row; the secret has 256 random bits, so a plain SHA-256 of the text is safe to store.
The prefix lets secret scanners find leaked tokens, and the CRC-32 lets them (and us) tell a token from a look-alike.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

from server.access.model import TokenKind

ID_ALPHABET = string.ascii_lowercase + string.digits
SECRET_ALPHABET = string.ascii_letters + string.digits
ID_LENGTH = 8
SECRET_LENGTH = 43  # 43 × log2(62) = 256 bits
TOKEN = re.compile(
    rf"(?P<body>atr_(?P<kind>{'|'.join(TokenKind)})_(?P<id>[a-z0-9]{{{ID_LENGTH}}})_[A-Za-z0-9]{{{SECRET_LENGTH}}})"
    r"_(?P<crc>[0-9a-f]{8})"
)


def new_token(kind: TokenKind) -> tuple[str, str]:
    """A random token and its public id."""
    id = _random(ID_ALPHABET, ID_LENGTH)
    body = f"atr_{kind}_{id}_{_random(SECRET_ALPHABET, SECRET_LENGTH)}"
    return f"{body}_{_crc(body)}", id


def parse_token(text: str) -> tuple[TokenKind, str] | None:
    """Kind and id of a well-formed token, else None. Says nothing about whether the token was ever issued."""
    match = TOKEN.fullmatch(text)
    if match is None or match["crc"] != _crc(match["body"]):
        return None
    return TokenKind(match["kind"]), match["id"]


def is_token_id(text: str) -> bool:
    """Whether this could be the public id of a token."""
    return re.fullmatch(rf"[a-z0-9]{{{ID_LENGTH}}}", text) is not None


def token_digest(text: str) -> bytes:
    """The SHA-256 under which a token is stored; takes any text, also what is no valid Unicode."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _crc(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
