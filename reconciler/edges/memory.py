"""Memory of a process that works now and then, and waits for months.

What work leaves behind is kept by the C library in the hope of more work, by GNU's in a heap for
each thread or so. It shares one if told to, and gives back what is free when asked; other libraries
know neither, and lose nothing by it.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_ARENA_MAX = -8  # of malloc.h


def share_one_heap() -> None:
    """Of all threads that begin after this."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """What nobody uses any more, to the machine. Takes milliseconds."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
