"""How long tests wait for what must come: longer than a loaded machine takes, for what a limit is
there to catch is what never comes."""

from __future__ import annotations

import time
from collections.abc import Callable

# Of a server that is killed and started: 11 s were seen with two cores and a load of 18; and one
# that meets a full disk tries again every 60 s.
PATIENCE_S = 180.0


def until(holds: Callable[[], object], what: str, *, pause_s: float = 0.02) -> None:
    """Fails with what was waited for in vain."""
    assert comes_true(holds, pause_s=pause_s), f"waited in vain for {what}"


def comes_true(holds: Callable[[], object], *, pause_s: float = 0.02) -> bool:
    give_up_s = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > give_up_s:
            return False
        time.sleep(pause_s)
    return True
