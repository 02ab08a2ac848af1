"""A Reshard, read from what vtctldclient says of it.

Rule: strictly. A workflow, a stream or a comparison that was not understood is none that anything
is concluded from (GD-5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.edges.secrets import SECRETS
from reconciler.edges.vitess.limits import VTCTLD_ERROR_CHARS_MAX
from reconciler.edges.vitess.vtctld import understood
from reconciler.errors import Problem
from reconciler.plan.commitment import sha256_of
from reconciler.plan.visible import visible_line
from reconciler.reshard.job import TableGround
from reconciler.reshard.vitess.seen import (
    ComparisonSeen,
    ComparisonState,
    StreamSeen,
    StreamState,
)
from reconciler.reshard.vitess.work import ReshardWork

_KIND = "Reshard"
_FROZEN = "FROZEN"
_COUNTER = re.compile(r" AUTO_INCREMENT=[0-9]+")
_NOT_SWITCHED = "Reads Not Switched"


def said(words: str) -> str:
    """Vitess' own words, as people may see them."""
    return visible_line(SECRETS.of_a_server(words), limit_chars=VTCTLD_ERROR_CHARS_MAX)


def read_places(answer: Any) -> tuple[dict[str, str], frozenset[str]]:
    """Of `FindAllShardsInKeyspace`: the primary's alias of each shard that has one, and the shards
    that serve."""

    def read() -> tuple[dict[str, str], frozenset[str]]:
        records = {name: one["shard"] for name, one in answer["shards"].items()}
        places = {
            name: f"{alias['cell']}-{int(alias['uid'])}"
            for name, record in records.items()
            if (alias := record["primary_alias"])
        }
        serving = {name for name, record in records.items() if _flag(record["is_primary_serving"])}
        return places, frozenset(serving)

    return understood("FindAllShardsInKeyspace", read)


def read_shard_names(answer: Any) -> frozenset[str]:
    """Of `FindAllShardsInKeyspace`: all that the topology knows."""
    return understood("FindAllShardsInKeyspace", lambda: frozenset(map(str, answer["shards"])))


def read_streams(
    answer: Any, work: ReshardWork
) -> tuple[tuple[StreamSeen, ...], tuple[StreamSeen, ...], tuple[Problem, ...], float | None]:
    """Of `GetWorkflows --show-all`: the streams of the job's workflow and of the one that leads
    back, all others of the keyspace as problems, and how far the job's is behind."""

    def read() -> tuple[
        tuple[StreamSeen, ...], tuple[StreamSeen, ...], tuple[Problem, ...], float | None
    ]:
        own: dict[str, Any] = {}
        foreign = []
        for record in answer["workflows"]:
            if _is_own(record, work):
                own[record["name"]] = record
            else:
                foreign.append(_foreign(record))
        forward, back = own.get(work.workflow), own.get(work.reverse)
        return (
            tuple(sorted(_streams(forward))),
            tuple(sorted(_streams(back))),
            tuple(sorted(foreign, key=lambda one: one.message)),
            float(forward["max_v_replication_lag"]) if forward else None,
        )

    return understood("GetWorkflows", read)


def read_reads_switched(answer: Any) -> bool:
    """Of `Reshard status`."""
    return understood(
        "Reshard status", lambda: not str(answer["traffic_state"]).startswith(_NOT_SWITCHED)
    )


def read_spread(answer: Any) -> dict[str, str]:
    """Of `GetVSchema`: by each table, what says on which shard a row of it is."""

    def read() -> dict[str, str]:
        vindexes: Mapping[str, Any] = answer.get("vindexes") or {}
        found = {}
        for name, table in (answer.get("tables") or {}).items():
            first, *_ = table.get("column_vindexes") or [{}]
            said_of = (table.get("type"), first, vindexes.get(first.get("name")))
            found[str(name)] = json.dumps(said_of, sort_keys=True)
        return found

    return understood("GetVSchema", read)


def read_ground(answer: Any, shard: str, spread: Mapping[str, str]) -> tuple[TableGround, ...]:
    """Of `GetSchema`: each table by a digest of its definition, without its counter, and of how its
    rows are spread. Vitess has no number for it."""

    def read() -> tuple[TableGround, ...]:
        found = []
        for table in answer["table_definitions"]:
            name, schema = str(table["name"]), _COUNTER.sub("", str(table["schema"]))
            columns = sha256_of(f"{schema}\0{spread.get(name, '')}")
            found.append(TableGround(shard=shard, table=name, table_id=0, columns=columns))
        return tuple(found)

    return understood("GetSchema", read)


def read_comparison(answer: Any, targets: tuple[str, ...]) -> ComparisonSeen:
    """Of `VDiff show --verbose`. A table that is not compared on one of the targets is not
    compared."""

    def read() -> ComparisonSeen:
        shards: Mapping[str, Any] = answer.get("ShardSummaries") or {}
        tables = [(shards.get(target) or {}).get("TableStates") or {} for target in targets]
        compared = set.intersection(
            *({n for n, one in each.items() if one["State"] == "completed"} for each in tables)
        )
        differing = {
            name for each in tables for name, one in each.items() if one.get("HasMismatch")
        }
        if answer.get("HasMismatch") and not differing:
            differing = {"a table that it does not name"}
        return ComparisonSeen(
            state=ComparisonState(answer["State"]),
            tables=tuple(sorted(compared)),
            differing=tuple(sorted(differing)),
            rows_compared=int(answer.get("RowsCompared") or 0),
        )

    return understood("VDiff show", read)


def read_foreseen(answer: Any) -> tuple[str, ...]:
    """Of `SwitchTraffic --dry-run`."""
    return understood(
        "Reshard switchtraffic", lambda: tuple(said(str(one)) for one in answer["dry_run_results"])
    )


def _is_own(record: Mapping[str, Any], work: ReshardWork) -> bool:
    """By its name, and by what it moves: Vitess tells the shards at which streams are, so that one
    that was cut off, or whose target was deleted, has fewer than it began with."""
    if record["workflow_type"] != _KIND:
        return False
    sources, targets = (set(record[end]["shards"]) for end in ("source", "target"))
    match record["name"]:
        case work.workflow:
            return sources <= set(work.sources) and targets <= set(work.targets)
        case work.reverse:
            return sources <= set(work.targets) and targets <= set(work.sources)
        case _:
            return False


def _streams(record: Mapping[str, Any] | None) -> Iterator[StreamSeen]:
    if record is None:
        return
    for place in record["shard_streams"].values():
        for stream in place["streams"]:
            state = StreamState(stream["state"])
            message = str(stream["message"])
            yield StreamSeen(
                source=str(stream["binlog_source"]["shard"]),
                target=str(stream["shard"]),
                state=state,
                is_copying=bool(stream["copy_states"]) or state is StreamState.COPYING,
                is_frozen=message == _FROZEN,
                rows_copied=int(stream["rows_copied"]),
                words=said(message),
            )


def _foreign(record: Mapping[str, Any]) -> Problem:
    """Somebody else's: it would be ended with ours, or ours could not be switched beside it."""
    name, kind = str(record["name"]), str(record["workflow_type"])
    keyspace = str(record["target"]["keyspace"])
    return Problem(
        code="reshard-workflow-of-others",
        message=f"keyspace {keyspace}: {kind} {name!r} is in progress, and is not of this split",
        recovery="have whoever began it complete or cancel it (`vtctldclient"
        f" {kind} --workflow={name} --target-keyspace={keyspace} status`), then run the same"
        " command again",
    )


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("is_primary_serving")
    return value
