"""News of an apply for a chat: it has begun, all of it waits, it has ended, and how.

They are an aside (RP-32): told beside the thread that drives, never by it, and what the chat does
not take is a remark in the log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from reconciler.errors import ReconcilerError
from reconciler.flows.forge.ends import Applied, is_idle
from reconciler.flows.forge.job import ForgeJob
from reconciler.outcomes.progress import ProgressEvent, RolloutStarted, RolloutWaits
from reconciler.report.forge_words import apply_ended_text, apply_news_text
from reconciler.spec.model import Environment


class News:
    """Of one keyspace's rollout. `note` is for the thread that drives, `tell` for another."""

    def __init__(self, job: ForgeJob, environment: Environment) -> None:
        self._job, self._environment = job, environment
        self._noted: deque[RolloutStarted | RolloutWaits] = deque()

    def note(self, event: ProgressEvent) -> None:
        if isinstance(event, RolloutWaits) and event.shard is not None:
            return  # the others go on
        if isinstance(event, RolloutStarted | RolloutWaits):
            self._noted.append(event)

    def behind(self, work: Callable[[], None]) -> Callable[[], None]:
        """What is done beside the thread that drives, and then tells the news."""

        def done() -> None:
            work()
            self.tell()

        return done

    def tell(self) -> None:
        """What was noted since."""
        place = (self._environment.name, self._environment.region)
        while self._noted:
            _post(self._job, apply_news_text(self._noted.popleft(), place, self._job.facts.run_url))


def tell_ended(job: ForgeJob, outcome: Applied) -> None:
    """Where there was something to do."""
    if not is_idle(outcome):
        _post(job, apply_ended_text(outcome, job.facts.run_url))


def _post(job: ForgeJob, text: str) -> None:
    if job.chat is None:
        return
    try:
        job.chat(text)
    except ReconcilerError as untold:
        job.log.remark(f"warning: {untold.problems[0]}")
