"""What Python compiled, kept from one run of the tests to the next, also where nothing may be
written beside the sources (`PYTHONDONTWRITEBYTECODE`): in a folder apart, then.

A run has processes by the hundred. Without it each compiles the package again, which is half of
what a command takes, and each test process rewrites the asserts of every test.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / ".pytest_cache" / "bytecode"


def keep_compiled() -> None:
    """For this process and those that it starts."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(_FOLDER)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
