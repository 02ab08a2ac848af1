"""Between the values of splits and routes and the columns they are kept in, read strictly."""

from __future__ import annotations

import json

from reconciler.edges.ledger.columns import Columns, row_malformed
from reconciler.edges.ledger.rows import (
    Row,
    known_as,
    line,
    problem_text,
    shown_line,
    shown_problem,
)
from reconciler.edges.ledger.split_tables import HOLDS, LETS_GO, LIVE, RESERVES
from reconciler.errors import Problem, Refused
from reconciler.ledger.states import RequestState
from reconciler.model.fleet import KeyRange, parse_key_range
from reconciler.reshard.catalog import Route, RouterLease, RouteState
from reconciler.reshard.job import (
    SPLIT_PROTOCOL,
    Approval,
    Approved,
    Bracket,
    JobProgress,
    JobRequest,
    JobRequestKind,
    PhaseEntry,
    SplitEngine,
    SplitJob,
    Stage,
    TableGround,
)
from reconciler.reshard.phases import Phase
from reconciler.reshard.transitions import is_coherent

_US_IN_S = 1_000_000


def job_columns(job: SplitJob) -> dict[str, object]:
    """The columns that change while a job lives."""
    return {
        "live_slot": LIVE if job.is_live else None,
        "phase": job.phase.value,
        "phase_since_s": job.phase_since_s,
        "revision": job.revision,
        "retry_phase": job.retry_phase.value if job.retry_phase else None,
        "abandoned_in": job.abandoned_in.value if job.abandoned_in else None,
        "cutover_version": job.cutover_version,
        "cutover_s": job.cutover_s,
        "opened_version": job.opened_version,
        "reserves": RESERVES if job.reserves else LETS_GO,
        "fence_epoch": job.fence_epoch,
        "ground": json.dumps([(g.shard, g.table, g.table_id, g.columns) for g in job.ground]),
        "held_by": None if job.held_by is None else known_as(job.held_by),
        "problem": problem_text(job.problem),
        "holder": None if job.holder is None else known_as(job.holder),
        "heartbeat_s": job.heartbeat_s,
        "ended_s": job.ended_s,
    }


def lasting_job_columns(job: SplitJob) -> dict[str, object]:
    """Those that never do."""
    return {
        "environment": job.environment,
        "keyspace": job.keyspace,
        "protocol": job.protocol,
        "plan_id": job.plan_id,
        "commit_id": job.commit,
        "engine": job.engine.value,
        "sources": json.dumps(job.sources),
        "targets": json.dumps(job.targets),
        "expected_version": job.expected_version,
        "started_s": job.started_s,
    }


def stored_job(row: Row) -> SplitJob:
    """Raises Refused for a job of another protocol: its words may mean something else."""
    found = Columns(row, "split_jobs")
    job_id, keyspace = found.whole("job_id"), found.text("keyspace")
    if (protocol := found.whole("protocol")) != SPLIT_PROTOCOL:
        raise _other_protocol(job_id, keyspace, protocol)
    job = SplitJob(
        job_id=job_id,
        environment=found.text("environment"),
        keyspace=keyspace,
        plan_id=found.text("plan_id"),
        commit=found.text("commit_id"),
        engine=found.word("engine", SplitEngine),
        sources=found.names("sources"),
        targets=found.names("targets"),
        expected_version=found.whole("expected_version"),
        started_s=found.seconds("started_s"),
        phase=found.word("phase", Phase),
        phase_since_s=found.seconds("phase_since_s"),
        revision=found.whole("revision"),
        protocol=protocol,
        retry_phase=found.word_or_none("retry_phase", Phase),
        abandoned_in=found.word_or_none("abandoned_in", Phase),
        cutover_version=found.whole_or_none("cutover_version"),
        cutover_s=found.seconds_or_none("cutover_s"),
        opened_version=found.whole_or_none("opened_version"),
        reserves=found.whole("reserves") != LETS_GO,
        fence_epoch=found.whole("fence_epoch"),
        ground=_ground(found),
        held_by=_who_or_none(found, "held_by"),
        problem=shown_problem(found.problem("problem")),
        holder=_who_or_none(found, "holder"),
        heartbeat_s=found.seconds("heartbeat_s"),
        ended_s=found.seconds_or_none("ended_s"),
    )
    is_live = found.whole_or_none("live_slot") == LIVE
    if not is_coherent(job) or is_live != job.is_live:
        raise row_malformed("split_jobs", "phase")
    return job


def bracket_columns(bracket: Bracket) -> dict[str, object]:
    return {
        "source": bracket.source,
        "target": bracket.target,
        "table_name": bracket.table,
        "stage": bracket.stage.value,
        "batch": bracket.batch,
        "cursor_key": bracket.cursor,
        "rows_scanned": bracket.rows_scanned,
        "rows_accepted": bracket.rows_accepted,
    }


def stored_bracket(row: Row) -> Bracket:
    found = Columns(row, "split_brackets")
    return Bracket(
        bracket_id=found.whole("bracket_id"),
        source=found.text("source"),
        target=found.text("target"),
        table=found.text("table_name"),
        stage=found.word("stage", Stage),
        batch=found.whole("batch"),
        cursor=found.text("cursor_key"),
        rows_scanned=found.whole("rows_scanned"),
        rows_accepted=found.whole("rows_accepted"),
    )


def phase_entry(row: Row) -> PhaseEntry:
    found = Columns(row, "split_path")
    return PhaseEntry(
        at_s=found.seconds("at_s"),
        before=found.word("phase_before", Phase),
        after=found.word("phase_after", Phase),
        problem=shown_problem(found.problem("problem")),
    )


def stored_approval(row: Row) -> Approved:
    found = Columns(row, "split_approvals")
    return Approved(
        approval=found.word("approval", Approval),
        by=shown_line(found.text("approved_by")),
        at_s=found.seconds("approved_s"),
    )


def stored_request(row: Row) -> JobRequest:
    found = Columns(row, "split_requests")
    return JobRequest(
        request_id=found.whole("request_id"),
        job_id=found.whole("job_id"),
        kind=found.word_or_unknown("kind", JobRequestKind),
        asked_by=shown_line(found.text("asked_by")),
        asked_s=found.seconds("asked_s"),
        state=found.word("state", RequestState),
        problem=shown_problem(found.problem("problem")),
    )


def route_columns(route: Route) -> dict[str, object]:
    """Bounds without the zeros that a bound may end in: they are compared as texts."""
    return {
        "since_version": route.since,
        "range_start": bound(route.range.start),
        "range_end": bound(route.range.end),
        "until_version": HOLDS if route.until is None else route.until,
        "shard": route.shard,
        "place": route.place,
        "state": route.state.value,
        "job_id": route.job_id,
    }


def stored_route(row: Row) -> Route:
    found = Columns(row, "routes")
    key_range = parse_key_range(shard := found.text("shard"))
    bounds = found.text("range_start"), found.text("range_end")
    if key_range is None or bounds != _bounds_of(key_range):
        raise row_malformed("routes", "shard")
    until = found.whole("until_version")
    return Route(
        shard=shard,
        place=found.text("place"),
        state=found.word("state", RouteState),
        since=found.whole("since_version"),
        until=None if until == HOLDS else until,
        job_id=found.whole_or_none("job_id"),
    )


def router_lease(row: Row) -> RouterLease:
    """Of a row that has the server's time beside the lease's columns."""
    found = Columns(row, "route_leases")
    left_us = found.whole("lease_until_us") - found.whole("now_us")
    return RouterLease(
        router=shown_line(found.text("router")),
        seen_version=found.whole("seen_version"),
        capabilities=tuple(filter(None, found.text("capabilities").split(","))),
        left_s=left_us / _US_IN_S,
    )


def bound(key: bytes) -> str:
    return key.rstrip(b"\0").hex()


def _bounds_of(key_range: KeyRange) -> tuple[str, str]:
    return bound(key_range.start), bound(key_range.end)


def _ground(found: Columns) -> tuple[TableGround, ...]:
    return tuple(
        TableGround(shard=shard, table=table, table_id=table_id, columns=columns)
        for shard, table, table_id, columns in found.records("ground", (str, str, int, str))
    )


def _who_or_none(found: Columns, column: str) -> str | None:
    name = found.text_or_none(column)
    return None if name is None else shown_line(name)


def _other_protocol(job_id: int, keyspace: str, protocol: int) -> Refused:
    return Refused(
        Problem(
            code="split-other-protocol",
            message=f"split {job_id} of {keyspace} was begun by a program that speaks protocol"
            f" {protocol} of splits; this one speaks {SPLIT_PROTOCOL}",
            recovery="go on with the version of reconciler that began it, until it has ended",
        )
    )


def progress_columns(job_id: int, progress: JobProgress) -> dict[str, object]:
    return {
        "job_id": job_id,
        "at_s": progress.at_s,
        "queued": progress.queued,
        "oldest_s": progress.oldest_s,
        "copied_per_s": progress.copied_per_s,
        "arrivals_per_s": progress.arrivals_per_s,
        "drained_per_s": progress.drained_per_s,
        "compared_per_s": progress.compared_per_s,
        "to_compare": progress.to_compare,
        "rests": line(progress.rests),
    }


def stored_progress(row: Row) -> JobProgress:
    columns = Columns(row, "split_progress")
    return JobProgress(
        at_s=columns.seconds("at_s"),
        queued=columns.whole("queued"),
        oldest_s=columns.seconds_or_none("oldest_s"),
        copied_per_s=columns.seconds_or_none("copied_per_s"),
        arrivals_per_s=columns.seconds_or_none("arrivals_per_s"),
        drained_per_s=columns.seconds_or_none("drained_per_s"),
        compared_per_s=columns.seconds_or_none("compared_per_s"),
        to_compare=columns.whole("to_compare"),
        rests=shown_line(columns.text("rests")),
    )
