from __future__ import annotations

import ctypes
import re
from pathlib import Path

import pytest

from server.kit.heap import give_memory_back

BLOCKS, BLOCK_BYTES = 20_000, 4000


def resident_bytes() -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def test_what_is_free_between_what_is_not_goes_back() -> None:
    """Memory that was freed below a block that is still in use is the system's again."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        pytest.skip("the C library has no malloc_trim: it is not glibc")
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    blocks = [libc.malloc(BLOCK_BYTES) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK_BYTES)
    for block in blocks[:-1]:
        libc.free(block)
    before = resident_bytes()
    give_memory_back()
    assert before - resident_bytes() > BLOCKS * BLOCK_BYTES / 2
    libc.free(blocks[-1])
