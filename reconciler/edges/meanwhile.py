"""The comment that follows an apply: how far it is, wave by wave, while it runs.

It is written beside the rollout, never by the thread that drives it: a slow forge must not keep a
lease from being renewed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from reconciler.outcomes.progress import (
    FinalizerEnded,
    FinalizerStarted,
    ProgressEvent,
    RolloutStarted,
    RolloutWaits,
    ShardEnded,
)

# A comment that is edited more often than people look only uses up the token's rate limit.
_COMMENT_PAUSE_S = 10.0

_TOLD = RolloutStarted | ShardEnded | FinalizerStarted | FinalizerEnded

Notify = Callable[[ProgressEvent], None]


@contextmanager
def told_meanwhile(begin: Callable[[], None], say: Callable[[], None]) -> Iterator[Notify]:
    """In a thread of its own: `begin` is called once if a rollout started, however short it was,
    and `say` when something ended or all of it waits, at most every few seconds."""
    started, changed, ended = Event(), Event(), Event()

    def follow() -> None:
        has_begun = False
        while True:
            changed.wait()
            changed.clear()
            if started.is_set() and not has_begun:
                has_begun = True
                begin()
            if ended.is_set():
                return
            say()
            ended.wait(_COMMENT_PAUSE_S)

    def notify(event: ProgressEvent) -> None:
        if isinstance(event, RolloutStarted):
            started.set()
        waits = isinstance(event, RolloutWaits) and event.shard is None
        if waits or isinstance(event, _TOLD):
            changed.set()

    thread = Thread(target=follow, name="comment", daemon=True)
    thread.start()
    try:
        yield notify
    finally:
        ended.set()
        changed.set()
        thread.join()
