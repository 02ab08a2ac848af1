"""Ctrl-C while an apply runs: once to start nothing new, twice to leave."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from reconciler.cli.streams import remark

_SAYS = (
    "\ninterrupted: what runs is finished, nothing new is started; press Ctrl-C again to leave now",
    "\nleaving: what was in flight is recorded as unknown; `reconciler resume` looks at the shards",
)


@contextmanager
def counted_interrupts() -> Iterator[Callable[[], int]]:
    """How often one of these came: a CI runner that cancels a job sends SIGINT and SIGTERM in turn,
    a terminal that goes away sends SIGHUP, which `nohup` has ignored."""
    count = 0

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        # It comes in the midst of anything, such as of a line on its way to the same stream, which
        # refuses another one then (RuntimeError). What was asked for counts, said or not.
        if count <= len(_SAYS):
            with suppress(RuntimeError, OSError, ValueError):
                remark(_SAYS[count - 1])

    before = {
        number: signal.signal(number, on_signal)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield lambda: count
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
