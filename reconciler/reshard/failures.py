"""Why a split cannot go on, each with what to do."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import Problem
from reconciler.reshard.job import SplitJob, TableGround


def ground_changed(job: SplitJob, now: Sequence[TableGround]) -> Problem | None:
    """Whether every table is what it was when its changes began to be tracked. None: it is."""
    seen = {(table.shard, table.table): table for table in now}
    for was in job.ground:
        found = seen.get((was.shard, was.table))
        if found is None:
            return _changed(was, "it is gone")
        if found.table_id != was.table_id:
            return _changed(was, "it was truncated, rebuilt or replaced by another")
        if found.columns != was.columns:
            words = "its definition, how its rows are spread, or what records its changes"
            return _changed(was, f"{words}, is another")
    return None


def definition_changed(shard: str, table: str) -> Problem:
    return Problem(
        code="split-definition-changed",
        message=f"table {table} of {shard} is not as it was when the split was planned, and the"
        " targets would get a table that nobody reviewed",
        recovery="find out who altered it, alter it back, then `reconciler retry`; or give the"
        " split up with `reconciler abandon`, and plan it again when the schema is as git says",
    )


def table_unplanned(job: SplitJob, shard: str, table: str) -> Problem:
    return Problem(
        code="split-table-unplanned",
        message=f"table {table} was made on {shard} since split {job.job_id} of {job.keyspace} was"
        " planned: nobody has said what becomes of its rows, and they would stay behind",
        recovery="drop it, or move it out of the shard's database, then `reconciler retry`, which"
        " goes on where it was; or give the split up with `reconciler abandon`, and plan it again"
        " with the table",
    )


def event_runs(shard: str, event: str) -> Problem:
    return Problem(
        code="split-event-runs",
        message=f"event {event} of {shard} is on, and rows are still moving there: it would do to"
        " them once more what it does on the source",
        recovery="turn it off (`ALTER EVENT ... DISABLE`) until the targets serve, then"
        " `reconciler retry`, which goes on where it was and compares all rows again",
    )


def tracker_gone(shard: str, table: str) -> Problem:
    return Problem(
        code="split-tracker-gone",
        message=f"table {table} of {shard}: the triggers that record its changes are gone, or are"
        " not those of the split",
        recovery="find out who dropped them, then have the split tried again: it copies all rows"
        " from the beginning",
    )


def queue_gone(shard: str, table: str) -> Problem:
    return Problem(
        code="split-queue-gone",
        message=f"table {table} of {shard}: the queue of its changed keys is not there any more",
        recovery="find out who dropped it, then have the split tried again: it copies all rows"
        " from the beginning",
    )


def copy_gone(shard: str, name: str) -> Problem:
    return Problem(
        code="split-copy-gone",
        message=f"table {name} of {shard}, which rows were moving to, is not there any more",
        recovery="find out who dropped it, then have the split tried again: it copies all rows"
        " from the beginning",
    )


def copy_changed(shard: str, name: str) -> Problem:
    return Problem(
        code="split-copy-changed",
        message=f"table {name} of {shard}, which rows are moving to, is not as it was made",
        recovery="find out who altered it, then have the split tried again: it copies all rows"
        " from the beginning; change the schema before a split, or after it",
    )


def ranges_differ(shards: Sequence[str], table: str, *, for_s: float) -> Problem:
    return Problem(
        code="split-ranges-differ",
        message=f"table {table} of {', '.join(shards)}: what is written goes over, and yet rows"
        f" of it have not been equal to those of the targets for {for_s:.0f} s",
        recovery="find out who wrote to the targets or around the triggers; shards that are merged"
        " must have one reference table, and no key twice; then have the split tried again: it"
        " copies all rows from the beginning",
    )


def arrivals_outrun(job: SplitJob, *, arrivals_per_s: float, drained_per_s: float) -> Problem:
    return Problem(
        code="split-arrivals-outrun",
        message=f"arrivals outrun the copy: {arrivals_per_s:.0f} keys a second are written to on"
        f" {', '.join(job.sources)}, and {drained_per_s:.0f} a second go over",
        recovery="have the split tried again when less is written, or closer to the servers",
    )


def fences_lost(job: SplitJob, lost: int) -> Problem:
    return Problem(
        code="split-fences-lost",
        message=f"split {job.job_id} of {job.keyspace} closed the fence {lost} times, and could not"
        " cut over before it had to open again",
        recovery="look for transactions that stay open for seconds, and for prepared XA"
        " transactions, on the sources; then let `reconciler apply` go on, at a quieter time",
    )


def rows_differ(shards: Sequence[str], table: str) -> Problem:
    return Problem(
        code="split-rows-differ",
        message=f"table {table} of {', '.join(shards)}: no write arrives any more, and its rows are"
        " not those of the targets",
        recovery="find out who wrote to the targets or around the triggers; shards that are merged"
        " must have one reference table, and no key twice; then have the split tried again: it"
        " copies all rows from the beginning",
    )


def rows_misplaced(shard: str, table: str, rows: int) -> Problem:
    return Problem(
        code="split-rows-misplaced",
        message=f"table {table} of {shard}: {rows} rows have keys that the target does not own",
        recovery="find out who wrote to the target, then have the split tried again: it copies all"
        " rows from the beginning",
    )


def target_unanswered(job: SplitJob, shards: Sequence[str], why: Problem) -> Problem:
    return Problem(
        code="split-target-unanswered",
        message=f"split {job.job_id} of {job.keyspace} is given up, its sources serve as before,"
        f" and what it made on {', '.join(shards)} cannot be taken down: {why.message}",
        recovery="have `reconciler apply` end it when the target answers; is it gone for good, run"
        " `reconciler abandon` once more, then `reconciler apply`, which ends without it",
    )


def targets_left(job: SplitJob, shards: Sequence[str]) -> Problem:
    return Problem(
        code="split-targets-left",
        message=f"split {job.job_id} of {job.keyspace} was given up without {', '.join(shards)},"
        " which did not answer: what it made there may stand, with copies of rows",
        recovery="drop that database if its server ever comes back; nothing is routed to it, and"
        " no split is planned onto it as it is",
    )


def source_unsealed(job: SplitJob, shard: str) -> Problem:
    return Problem(
        code="split-source-unsealed",
        message=f"split {job.job_id} of {job.keyspace} has cut over, and the fence of {shard} is"
        " not the one that it sealed",
        recovery=f"keep all writers from {shard} first: its rows are the targets' now; then find"
        " out who changed the fence's row, seal it again, and have the split tried again",
    )


def owned_by_targets(job: SplitJob) -> Problem:
    return Problem(
        code="split-owned-by-targets",
        message=f"split {job.job_id} of {job.keyspace} is {job.phase}, and the catalog of routes"
        " says that its targets own the range",
        recovery="find out who wrote to the ledger, and leave the source's fence closed until then:"
        " two shards would take writes for one key",
    )


def _changed(table: TableGround, how: str) -> Problem:
    return Problem(
        code="split-table-changed",
        message=f"table {table.table} of {table.shard} is not the one that is copied: {how}",
        recovery="let no DDL and no TRUNCATE reach the tables of a split, then have it tried again:"
        " it copies all rows from the beginning",
    )
