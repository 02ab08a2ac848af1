"""Ctrl-C while an apply runs: once to start nothing new, twice to leave."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

_SAYS = (
    "\ninterrupted: what runs is finished, nothing new is started; press Ctrl-C again to leave now",
    "\nleaving: what was in flight is recorded as unknown; `reconciler resume` looks at the shards",
)


@contextmanager
def counted_interrupts() -> Iterator[Callable[[], int]]:
    """How often SIGINT or SIGTERM came. A CI runner that cancels a job sends both in turn."""
    count = 0

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        if count < len(_SAYS):
            click.echo(_SAYS[count], err=True)
        count += 1

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: count
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
