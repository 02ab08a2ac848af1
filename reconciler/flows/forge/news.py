"""News for a chat: an apply has begun, all of it waits, it has ended, and how; shards drifted.

They are an aside (RP-32): what is told while an apply runs is told beside the thread that drives,
never by it, and what the chat does not take is a remark in the log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.flows.forge.ends import Applied, is_idle
from reconciler.flows.forge.job import ForgeJob
from reconciler.outcomes.progress import ProgressEvent, RolloutStarted, RolloutWaits
from reconciler.report.forge_words import apply_ended_text, apply_news_text
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """`chat` None: there is none. `run_url` is where to read more, '' where there is no such
    place."""

    chat: Callable[[str], None] | None
    remark: Callable[[str], None]
    run_url: str = ""

    def tell(self, text: str) -> None:
        if self.chat is None:
            return
        try:
            self.chat(text)
        except ReconcilerError as untold:
            self.remark(f"warning: {untold.problems[0]}")


def teller_of(job: ForgeJob) -> Teller:
    return Teller(chat=job.chat, remark=job.log.remark, run_url=job.facts.run_url)


class News:
    """Of one keyspace's rollout. `note` is for the thread that drives, `tell` for another."""

    def __init__(self, teller: Teller, environment: Environment) -> None:
        self._teller, self._environment = teller, environment
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
            text = apply_news_text(self._noted.popleft(), place, self._teller.run_url)
            self._teller.tell(text)


def tell_ended(teller: Teller, outcome: Applied) -> None:
    """Where there was something to do."""
    if not is_idle(outcome):
        teller.tell(apply_ended_text(outcome, teller.run_url))
