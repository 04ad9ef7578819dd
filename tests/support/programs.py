"""Programs that tests need and a machine may lack."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str, instead: str) -> NoReturn:
    """Skips the test, saying what is missing and how to get it; in continuous integration it fails."""
    message = f"{what} is missing: {instead}"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
