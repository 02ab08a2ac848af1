"""Why a Reshard cannot go on, each with what to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.errors import Problem
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.reshard.job import Approval, SplitJob
from reconciler.reshard.transitions import why_not_abandoned
from reconciler.reshard.vitess.seen import ComparisonState

_FROM_THE_BEGINNING = "then have the split tried again: Vitess copies all rows from the beginning"


def targets_not_empty(job: SplitJob, found: Sequence[tuple[str, str]]) -> Problem:
    named = ", ".join(f"{table} on {shard}" for shard, table in found[:SHARDS_NAMED_MAX])
    return Problem(
        code="reshard-target-not-empty",
        message=f"split {job.job_id} of {job.keyspace}: the targets are not empty:"
        f" {named or 'there are streams'}",
        recovery="see whose that is; drop it if nobody needs it, then have the split tried again",
    )


def definition_changed(job: SplitJob, table: str, shard: str) -> Problem:
    return Problem(
        code="reshard-definition-changed",
        message=f"split {job.job_id} of {job.keyspace}: table {table} of {shard}, or how the"
        " VSchema spreads its rows, is not as it was when the split was planned, and Vitess would"
        " give the targets what nobody reviewed",
        recovery="find out who altered it, alter it back, then `reconciler retry`; or give the"
        " split up with `reconciler abandon`, and plan it again when the schema is as git says",
    )


def shards_gone(job: SplitJob, shards: Sequence[str], *, may_be_deleted: bool) -> Problem:
    """`may_be_deleted`: the split is given up, and its targets have never served or do no more."""
    or_deleted = (
        "; a target that is lost for good is deleted instead (`vtctldclient DeleteShards"
        " --recursive`)"
    )
    return Problem(
        code="reshard-shard-gone",
        message=f"split {job.job_id} of {job.keyspace}: the topology has no shard"
        f" {', '.join(shards[:SHARDS_NAMED_MAX])} with a primary",
        recovery="bring the shard's tablets up and give it a primary (`vtctldclient"
        f" PlannedReparentShard`){or_deleted if may_be_deleted else ''}, then run"
        " `reconciler apply` again",
    )


def stream_failed(job: SplitJob, words: str) -> Problem:
    """`words` are Vitess' own, without addresses; '' where streams are missing."""
    return Problem(
        code="reshard-stream-failed",
        message=f"split {job.job_id} of {job.keyspace}: Vitess does not go on copying:"
        f" {words or 'streams of the workflow are not there any more'}",
        recovery="remove what it names (`vtctldclient GetWorkflows` tells more), then have the"
        " split tried again",
    )


def comparison_failed(job: SplitJob, state: ComparisonState) -> Problem:
    return Problem(
        code="reshard-comparison-failed",
        message=f"split {job.job_id} of {job.keyspace}: the VDiff of its rows is {state} and not"
        " completed",
        recovery="see why with `vtctldclient VDiff ... show last --verbose`, then have the split"
        " tried again: it compares once more",
    )


def rows_differ(job: SplitJob, tables: Sequence[str]) -> Problem:
    return Problem(
        code="reshard-rows-differ",
        message=f"split {job.job_id} of {job.keyspace}: VDiff has found other rows on the targets"
        f" than on the sources, of {', '.join(tables[:SHARDS_NAMED_MAX])}",
        recovery="find out who wrote to the targets (`vtctldclient VDiff ... show last --verbose`),"
        f" {_FROM_THE_BEGINNING}",
    )


def tables_not_compared(job: SplitJob, tables: Sequence[str]) -> Problem:
    return Problem(
        code="reshard-tables-not-compared",
        message=f"split {job.job_id} of {job.keyspace}: Vitess has not compared"
        f" {', '.join(tables[:SHARDS_NAMED_MAX])}, and may not have copied its rows either",
        recovery=f"see what the VSchema says of it (`vtctldclient GetVSchema`),"
        f" {_FROM_THE_BEGINNING}",
    )


def switch_refused(job: SplitJob, times: int) -> Problem:
    return Problem(
        code="reshard-switch-refused",
        message=f"split {job.job_id} of {job.keyspace}: Vitess has refused to switch the writes"
        f" {times} times, and the sources serve on",
        recovery="see whether the targets keep up with the writes and every tablet answers; the"
        " next `reconciler apply` tries again",
    )


def why_not_taken_back(job: SplitJob, approved: Collection[Approval]) -> Problem | None:
    """None for a job that may be given up. Behind the switch that is so until its clean-up is
    approved: from then on its sources may be gone (SP-95)."""
    if (why_not := why_not_abandoned(job)) is not None:
        return why_not
    if job.is_of_vitess and job.is_past_cutover and Approval.CLEANUP in approved:
        return completion_allowed(job)
    return None


def completion_allowed(job: SplitJob) -> Problem:
    return Problem(
        code="reshard-completion-allowed",
        message=f"split {job.job_id} of {job.keyspace}: its clean-up is released, and the sources"
        " may be given up already",
        recovery="let `reconciler apply` clean up; the way back is a move of its own, planned and"
        " reviewed",
    )
