"""What a split that was given up takes down on its targets.

Rule: a target that does not answer is left only if who gives the split up has said so twice, the
second time while it was being given up; what may stand there is told then (SP-116).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.drive.split.limits import RECONNECTS_MAX
from reconciler.drive.split.memory import TickMemory
from reconciler.drive.split.world import OpenTarget
from reconciler.errors import Unavailable
from reconciler.ports.split_servers import Busy
from reconciler.reshard.actions import Answer, Verdict
from reconciler.reshard.failures import target_unanswered
from reconciler.reshard.job import SplitJob
from reconciler.reshard.phases import Phase


def is_given_up_again(job: SplitJob, answer: Answer) -> bool:
    """Not one of several that were asked before the first was heard of: nobody had been told yet
    which target does not answer."""
    return (
        answer.verdict is Verdict.ABANDON
        and job.phase is Phase.ABANDONING
        and answer.request.asked_s >= job.phase_since_s
    )


def take_down_targets(
    job: SplitJob, targets: Sequence[OpenTarget], memory: TickMemory
) -> Busy | None:
    """Those that answer, whatever the others do. Raises Unavailable as long as one that does not
    may not be left, or may be back in a moment; Refused."""
    left: list[str] = []
    reasons: list[Unavailable] = []
    for target in targets:
        try:
            if busy := target.server.drop_made() or target.server.drop_helpers():
                return busy
        except Unavailable as error:
            left.append(target.shard)
            reasons.append(error)
    if reasons and not (memory.leaves_targets and memory.unanswered >= RECONNECTS_MAX):
        memory.unanswered += 1
        raise Unavailable(target_unanswered(job, left, reasons[0].problems[0]))
    memory.done = replace(memory.done, left=tuple(left))
    return None
