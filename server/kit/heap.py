"""The C library's heap, in which the engine keeps its documents."""

from __future__ import annotations

import ctypes

_LIBC = ctypes.CDLL(None)


def give_memory_back() -> None:
    """Returns what is free to the system, a few milliseconds of work; does nothing where the library cannot.

    By itself glibc gives back what is free at the heap's end only; a document that went leaves holes in between.
    """
    trim = getattr(_LIBC, "malloc_trim", None)
    if trim is not None:
        trim(0)
