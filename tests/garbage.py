"""Python's search for garbage, kept off what lasts as long as the run: modules and tests.

Collecting the tests makes millions of objects, none of which goes before the end; to look at them
again and again takes a quarter of that time, and a tenth of the tests' own.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Of new objects between two searches: Python's own 700 are two for each small test.
OBJECTS_MAX = 50_000


def leave_be() -> None:
    """No search until `look_for_more`."""
    gc.disable()


def look_for_more() -> None:
    """All that is there now is never looked at again."""
    gc.freeze()
    gc.set_threshold(OBJECTS_MAX, *gc.get_threshold()[1:])
    gc.enable()


@contextmanager
def lasting() -> Iterator[None]:
    """What is made here lasts as long as the run: it is not looked through while it is made, nor
    again."""
    was_on = gc.isenabled()
    leave_be()
    try:
        yield
    finally:
        if was_on:
            look_for_more()
