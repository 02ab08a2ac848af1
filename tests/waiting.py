"""How long tests wait for what must come: longer than a loaded machine takes, for what a limit is
there to catch is what never comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
# Of a server that is killed and started: 11 s were seen with two cores and a load of 18; and one
# that meets a full disk tries again every 60 s.
PATIENCE_S = 180.0
# To look takes a connection, or a whole command: the longer it takes, the rarer it is looked, so
# that who waits does not keep a busy machine from what is waited for.
_PAUSE_SHARE = 0.1
_PAUSE_S_MAX = 1.0


def until(holds: Callable[[], object], what: str, *, pause_s: float = 0.02) -> None:
    """Fails with what was waited for in vain."""
    assert comes_true(holds, pause_s=pause_s), f"waited in vain for {what}"


def seen(look: Callable[[], T | None], what: str) -> T:
    """The first that was seen: another look may see it no more."""
    found: list[T] = []

    def sees() -> bool:
        one = look()
        if one is not None:
            found.append(one)
        return bool(found)

    until(sees, what)
    return found[0]


def comes_true(holds: Callable[[], object], *, pause_s: float = 0.02) -> bool:
    """`pause_s`: for as long as it has not been waited for ten times that."""
    began_s = time.monotonic()
    while not holds():
        waited_s = time.monotonic() - began_s
        if waited_s > PATIENCE_S:
            return False
        time.sleep(max(pause_s, min(waited_s * _PAUSE_SHARE, _PAUSE_S_MAX)))
    return True
