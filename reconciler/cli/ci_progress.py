"""The comment that follows an apply: how far it is, wave by wave, while it runs.

It is written beside the rollout, never by the thread that drives it: a slow forge must not keep a
lease from being renewed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from reconciler.limits import COMMENT_PAUSE_S
from reconciler.outcomes import ProgressEvent, RolloutStarted, ShardEnded

Notify = Callable[[ProgressEvent], None]


@contextmanager
def told_meanwhile(say: Callable[[], None]) -> Iterator[Notify]:
    """`say` is called in a thread of its own when something ended, at most every few seconds."""
    changed, ended = Event(), Event()

    def follow() -> None:
        while not ended.is_set():
            changed.wait()
            changed.clear()
            if not ended.is_set():
                say()
                ended.wait(COMMENT_PAUSE_S)

    def notify(event: ProgressEvent) -> None:
        if isinstance(event, RolloutStarted | ShardEnded):
            changed.set()

    thread = Thread(target=follow, name="comment", daemon=True)
    thread.start()
    try:
        yield notify
    finally:
        ended.set()
        changed.set()
        thread.join()
