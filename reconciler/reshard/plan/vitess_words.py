"""What a move by Vitess does, in sentences: of its readable plan, and of every report on it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import assert_never

from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.job import Approval
from reconciler.reshard.limits import RESHARD_LAG_S_MAX
from reconciler.reshard.plan.commands import PLANNED_COMPARISON, PLANNED_IDENTITY
from reconciler.reshard.plan.model import PlannedCommand, SplitCore
from reconciler.reshard.plan.spans import span_words


def reshard_effects(core: SplitCore) -> Iterator[str]:
    """What it costs those who use the shards, in the order in which they feel it."""
    terms = core.terms
    yield (
        "While rows are copied: Vitess reads every row of the sources once, and then follows their"
        " binary logs; its own throttler keeps lag down. A VDiff compares all rows of all tables."
        " No row comes through reconciler. A DDL on a source meanwhile fails the job, and all rows"
        " are copied again."
    )
    yield (
        "At the cutover: reads go to the targets first, then writes. Vitess keeps writers waiting"
        f" until the targets have followed, for at most {terms.fence_budget_s} s for each part of"
        " the switch; it is taken back where that is not enough, and is not begun while a target is"
        f" more than {RESHARD_LAG_S_MAX} s behind. Nothing is forced."
    )
    kept_s = max(terms.retain_s, terms.grace_s)
    yield (
        "Behind the cutover: every write goes back to the sources as well, and giving the move up"
        " takes the traffic back, with what was written since. After"
        f" {span_words(kept_s)}, and once the clean-up is approved, Vitess completes the move: the"
        " sources and their tablets leave the topology, and nothing leads back but another move."
        " Their servers and their tables stay as they are."
    )


def reshard_left_words(core: SplitCore) -> Iterator[str]:
    """What the sources have and nobody makes on the targets."""
    named = f"{', '.join(core.left_behind)}; routines and events" if core.left_behind else ""
    yield (
        f"Not looked at, and not made here: {named or 'views, routines and events'} of the sources."
        " See that the targets have what is needed before the cutover is approved, but no event"
        " that is on: the sources' run until then, and behind it as well, for their tables stay."
    )


def reshard_approval_words(approval: Approval) -> str:
    match approval:
        case Approval.START:
            return "the start: by the review of this plan"
        case Approval.CUTOVER:
            return (
                "the cutover: by `reconciler release`, when all rows are there and were compared;"
                " `reconciler apply` then shows what Vitess foresees of it"
            )
        case Approval.CLEANUP:
            return "the clean-up, which gives up the sources: by `reconciler release --clean-up`"
        case _:
            assert_never(approval)


def command_words(command: PlannedCommand) -> str:
    """As one would type it."""
    return f"vtctldclient {shlex.join(command.arguments)}"


def placeholder_words() -> str:
    return (
        f"0 stands for the number that the job will have, {PLANNED_IDENTITY} for the first sixteen"
        f" digits of this plan's id, {PLANNED_COMPARISON} for an id of the job's."
    )


def step_words(step: ReshardStep) -> str:
    """The heading above a command."""
    match step:
        case ReshardStep.CREATE:
            return "makes the tables on the targets, and the streams, at rest"
        case ReshardStep.START:
            return "copies the rows, and follows the sources from then on"
        case ReshardStep.COMPARE:
            return "compares all rows of all tables"
        case ReshardStep.FORESEE:
            return "tells what the switch would do, and does nothing"
        case ReshardStep.SWITCH_READS:
            return "cutover, first part: reads"
        case ReshardStep.SWITCH_WRITES:
            return "cutover, second part: writes"
        case ReshardStep.READS_BACK:
            return "reads go back, where Vitess has refused to switch the writes"
        case ReshardStep.SWITCH_BACK:
            return "all traffic goes back, where the move is given up behind its cutover"
        case ReshardStep.COMPLETE:
            return "clean-up: the sources leave the topology"
        case ReshardStep.TAKE_DOWN:
            return (
                "the streams go, where the move is given up or tried again; then the tables above"
                " are dropped from the targets that do not serve (DROP TABLE, sent by vtctld)"
            )
        case _:
            assert_never(step)
