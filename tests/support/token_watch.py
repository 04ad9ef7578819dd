"""Every token that was issued in this run, and every line that a server has logged: they must never meet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

# The one-time login link is printed on purpose; it is no log line, and of no use after the first sign-in.
TOKEN = re.compile(rb"atr_(?!bst_)[a-z]{3}_[A-Za-z0-9_-]{8,}")


@dataclass
class TokenWatch:
    """Collects tokens and log files, and finds the ones in the others."""

    issued: set[bytes] = field(default_factory=set)
    logs: set[Path] = field(default_factory=set)

    def issued_in(self, data: bytes | str) -> None:
        """Remembers every token in an answer, a header or the output of a command."""
        self.issued.update(TOKEN.findall(data if isinstance(data, bytes) else data.encode()))

    def leaks(self) -> list[str]:
        """Each line of a log that has a token in it, whoever issued that, by file and number."""
        return [
            f"{log}:{number}"
            for log in sorted(self.logs)
            if log.exists()
            for number, line in enumerate(log.read_bytes().splitlines(), 1)
            if TOKEN.search(line) or any(token in line for token in self.issued)
        ]


WATCH = TokenWatch()
"""That of this run."""
