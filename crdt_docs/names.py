"""Names of documents and paths of files: one normaliser that returns the canonical form or refuses.

A document name is ``{project}/{kind}/{id...}``; kinds are ``files``, ``tree``, ``live``, ``chat`` and ``docs``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from crdt_docs.errors import BadName

MAX_NAME_BYTES = 512
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Kind(StrEnum):
    """What a document is; it decides which shape is imposed and who writes."""

    FILES = "files"
    TREE = "tree"
    LIVE = "live"
    CHAT = "chat"
    DOCS = "docs"


SINGLETONS = frozenset({Kind.TREE, Kind.LIVE})


@dataclass(frozen=True, slots=True)
class DocumentName:
    """A document's address; `id` is empty for `tree` and `live`, a path for `files`."""

    project: str
    kind: Kind
    id: str

    @classmethod
    def parse(cls, raw: str, *, default_project: str | None = None) -> DocumentName:
        """Parses a percent-decoded name; raises `BadName`.

        With `default_project`, a name that has no known kind in its second place means
        ``{default_project}/docs/{raw}``: clients of another server keep their room names.
        """
        name = normalise_path(raw)
        project, _, rest = name.partition("/")
        kind, _, id = rest.partition("/")
        if kind not in Kind.__members__.values() or not SLUG.fullmatch(project):
            if default_project is None:
                kinds = ", ".join(Kind)
                raise BadName("name.kind", f"A document name is project/kind/id with a kind of {kinds}.")
            return cls(default_project, Kind.DOCS, name)
        if (kind in SINGLETONS) != (id == ""):
            raise BadName("name.id", f"A {kind!r} name takes {'no id' if kind in SINGLETONS else 'an id'}.")
        return cls(project, Kind(kind), id)

    @property
    def key(self) -> str:
        """The name inside its project."""
        return f"{self.kind}/{self.id}" if self.id else str(self.kind)

    def __str__(self) -> str:
        return f"{self.project}/{self.key}"


def normalise_path(raw: str) -> str:
    """The canonical NFC POSIX relative path, or `BadName`: never rewrites what a path means."""
    try:
        size = len(raw.encode())
    except UnicodeEncodeError:
        raise BadName("name.encoding", "The name is not valid Unicode.") from None
    if not raw or size > MAX_NAME_BYTES:
        raise BadName("name.length", f"A name has 1 to {MAX_NAME_BYTES} bytes; this one has {size}.")
    path = unicodedata.normalize("NFC", raw)
    if any(unicodedata.category(c) == "Cc" or c in "\u2028\u2029" for c in path):
        raise BadName("name.control_character", "A name has no control characters.")
    if "\\" in path:
        raise BadName("name.backslash", "A name separates folders by '/', not by a backslash.")
    if any(segment in ("", ".", "..") for segment in path.split("/")):
        raise BadName("name.segment", "A name has no leading, trailing or double '/', no '.' and no '..' segment.")
    return path
