"""A program that runs for as long as a lease is held, and not a moment longer."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

PR_SET_PDEATHSIG = 1  # linux/prctl.h
STOP_S = 5.0
NOT_FOUND = 127
BY_SIGNAL = 128  # what a shell adds to the number of the signal


async def run_guarded(command: Sequence[str], fence: int) -> int:
    """Runs `command` with the fence in ATRIUM_FENCE; returns its exit code.

    When this is cancelled, the command is asked to end, and killed if it does not within `STOP_S`. On Linux it is
    killed as well when this process is.
    """
    environment = os.environ | {"ATRIUM_FENCE": str(fence)}
    alone = not sys.stdin.isatty()  # at a terminal it has to stay in the foreground, to read from it
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(*command, env=environment, start_new_session=alone, preexec_fn=_die_with_parent)
    )
    try:
        process = await asyncio.shield(starting)
    except OSError as error:
        print(f"atrium: {command[0]}: {error.strerror}", file=sys.stderr)
        return NOT_FOUND
    except asyncio.CancelledError:  # it may run already: asyncio would end it, but not what it has started itself
        with suppress(OSError):
            await _stop(await starting, alone)
        raise
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, _signal, process, signal.SIGTERM, alone)
    loop.add_signal_handler(signal.SIGINT, _signal if alone else _leave, process, signal.SIGINT, alone)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        await _stop(process, alone)
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        loop.remove_signal_handler(signal.SIGINT)
    return code if code >= 0 else BY_SIGNAL - code


async def _stop(process: asyncio.subprocess.Process, alone: bool) -> None:
    _signal(process, signal.SIGTERM, alone)
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        _signal(process, signal.SIGKILL, alone)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals, alone: bool) -> None:
    """To the command, and to all that it has started where they are a group of their own."""
    try:
        if alone:
            os.killpg(process.pid, number)
        elif process.returncode is None:
            process.send_signal(number)
    except ProcessLookupError:
        pass


def _leave(_process: asyncio.subprocess.Process, _number: signal.Signals, _alone: bool) -> None:
    """The terminal has told the command itself."""


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
