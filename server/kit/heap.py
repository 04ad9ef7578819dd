"""The C library's heap, in which the engine keeps its documents; where the library is not glibc nothing is done."""

from __future__ import annotations

import ctypes

M_ARENA_MAX = -8  # malloc.h

_LIBC = ctypes.CDLL(None)


def share_one_heap() -> None:
    """glibc keeps a heap for each thread and gives little of it back; Python allocates in one thread at a time."""
    mallopt = getattr(_LIBC, "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)


def give_memory_back() -> None:
    """Returns what is free to the system, a few milliseconds of work.

    By itself glibc gives back what is free at the heap's end only; a document that went leaves holes in between.
    """
    trim = getattr(_LIBC, "malloc_trim", None)
    if trim is not None:
        trim(0)
