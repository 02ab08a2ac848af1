"""An apply as JSON, running or ended."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import Problem
from reconciler.ledger.model import EventEntry
from reconciler.model.engine import NOTHING_TOLD, Progress
from reconciler.outcomes.apply import (
    ApplyOutcome,
    ApplyStatus,
    FinalizerRow,
    OperationRow,
    ShardRow,
)
from reconciler.plan.learned import TimeLeft
from reconciler.report import apply_words
from reconciler.report.json_values import (
    Json,
    head,
    plain,
    problem_json,
    reasons,
    shadow,
)
from reconciler.report.reason_words import happened_words, reason_words, wait_words
from reconciler.report.step_words import step_waits_for


def apply_outcome(outcome: ApplyOutcome) -> Json:
    return {
        **head(outcome, outcome.verdict.replace(" ", "-")),
        **reasons(outcome.refusals),
        "plan_id": outcome.plan.plan_id if outcome.plan else None,
        "apply_id": outcome.apply_id,
        "reason": reason_words(outcome.reason),
        **_first_failure(outcome.problem, outcome.shards, outcome.finalizers),
        "statements_run": outcome.statements_run,
        "elapsed_s": outcome.elapsed_s,
        "waves": [plain(wave) for wave in outcome.waves],
        "shards": [_shard_row(row) for row in outcome.shards],
        "vschema": [_step(row) for row in outcome.finalizers],
        "quarantine": plain(outcome.quarantine),
        "quarantine_before": plain(outcome.left_alone_before),
    }


def apply_status(apply: ApplyStatus) -> Json:
    ids, driver = ("apply_id", "plan_id", "commit"), ("holder", "heartbeat_s")
    rest = (*ids, "started_s", "completed_s", *driver, "waits_since_s")
    return {
        **head(apply, apply.state.value),
        **{name: getattr(apply, name) for name in rest},
        "reason": reason_words(apply.reason),
        **_first_failure(apply.problem, apply.shards, apply.finalizers),
        "waves": [plain(wave) for wave in apply.waves],
        "shards": [_shard_row(row) for row in apply.shards],
        "vschema": [_step(row) for row in apply.finalizers],
        "events": [_event(event) for event in apply.events],
        "statements": [plain(one) for one in apply.statements],
        "left": [shadow(found) for found in apply.left],
        "time_left": _time_left(apply.time_left),
    }


def _time_left(found: TimeLeft | None) -> Json | None:
    """None: nothing runs of which the past tells the like, or nobody asked the record."""
    if found is None:
        return None
    learned, past = found.learned, found.learned.past
    return {
        "shard": learned.shard,
        "table": learned.table,
        "size_bytes": learned.size_bytes,
        "ran_s": found.ran_s,
        "takes_s": learned.takes_s,
        "as": {
            "apply_id": past.apply_id,
            "shard": past.shard,
            "took_s": past.took_s,
            "ended_s": past.at_s,
            "size_bytes": past.size_bytes,
        },
    }


def _event(event: EventEntry) -> Json:
    return {**plain(event), "what": happened_words(event.what)}


def _shard_row(row: ShardRow) -> Json:
    return {
        "shard": row.shard,
        "wave": row.wave,
        "state": row.state.value,
        "problem": problem_json(row.problem),
        "operations": [
            {
                **_operation(operation),
                "waits_for": wait_words(operation.waits_for),
                "progress": _progress(operation.progress),
                "problem": problem_json(operation.problem),
            }
            for operation in row.operations
        ],
    }


def _operation(row: OperationRow) -> Json:
    """`swapped` is there where the run that is told of has put it in another's place."""
    told: Json = plain(row)
    if row.swapped is None:
        del told["swapped"]
    return told


def _step(row: FinalizerRow) -> Json:
    return {
        **plain(row),
        "waits_for": step_waits_for(row),
        "problem": problem_json(row.problem),
    }


def _progress(progress: Progress) -> Json | None:
    return plain(progress) if progress != NOTHING_TOLD else None


def _first_failure(
    problem: Problem | None, shards: Sequence[ShardRow], steps: Sequence[FinalizerRow]
) -> Json:
    first = apply_words.first_problem(problem, shards, steps)
    if first is None:
        return {"first_failure": None}
    return {"first_failure": {"shard": first[0] or None, "problem": problem_json(first[1])}}
