"""A keyspace's topology, read from what vtctldclient and vtgate say of it.

Rule: strictly. What is not as Vitess 24 says it is no topology: a shard or a workflow that was not
understood would be one that nobody minds (GD-5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.edges.vitess.vtctld import understood
from reconciler.model.fleet import in_key_order
from reconciler.model.topology import OpenMigration, Serving, TableKept, TopologyShard, Workflow

# VReplication's own word for what an online DDL copies rows by; its migration says the rest.
_OF_ONLINE_DDL = "OnlineDDL"
_FAILED = "failed"
_ENDS = (_FAILED, "complete", "cancelled")


def read_keyspaces(answer: Any) -> dict[str, str]:
    """The sidecar's database by keyspace, of `GetKeyspaces`."""
    return understood("GetKeyspaces", lambda: {_name(one): _sidecar(one) for one in answer})


def read_cells(answer: str) -> tuple[str, ...]:
    """`GetCellInfoNames`: one a line."""
    return tuple(sorted(line.strip() for line in answer.splitlines() if line.strip()))


@dataclass(frozen=True, slots=True)
class Primary:
    """A tablet as a shard's primary, since a moment: that no two clusters share (VT-38)."""

    alias: str
    since_s: int


#: Of each shard of a keyspace, the primaries that serve, as vtgate has them: one, or two while a
#: shard gets another.
Serves = Mapping[str, frozenset[Primary]]


def read_serving(rows: Iterable[Mapping[str, object]], keyspace: str) -> Serves:
    """`SHOW VITESS_TABLETS`. Raises KeyError or ValueError for rows of another kind."""
    found: dict[str, frozenset[Primary]] = {}
    for row in rows:
        kind, state = str(row["TabletType"]), str(row["State"])
        if row["Keyspace"] == keyspace and (kind, state) == ("PRIMARY", "SERVING"):
            cell, _, uid = str(row["Alias"]).rpartition("-")
            since = datetime.fromisoformat(str(row["PrimaryTermStartTime"]))
            primary = Primary(f"{cell}-{int(uid)}", int(since.timestamp()))
            shard = str(row["Shard"])
            found[shard] = found.get(shard, frozenset()) | {primary}
    return found


def read_shards(answer: Any, healthy: Serves) -> tuple[TopologyShard, ...]:
    """`FindAllShardsInKeyspace`. A shard that vtgate serves and vtctld does not name is hidden: by
    whom does not matter (VT-34)."""

    def read() -> tuple[TopologyShard, ...]:
        shards: Mapping[str, Any] = answer["shards"]
        if hidden := sorted(healthy - shards.keys()):
            raise ValueError(f"shard {hidden[0]}, which vtgate serves, and it does not name")
        ordered = in_key_order(tuple(shards))
        return tuple(_shard(name, shards[name]["shard"], healthy) for name in ordered)

    return understood("FindAllShardsInKeyspace", read)


def read_workflows(answers: Iterable[Any], keyspace: str) -> tuple[Workflow, ...]:
    """`GetWorkflows --show-all` of every keyspace: each is listed where it writes to alone, and
    those that read from `keyspace` matter as well. Online DDL is told of by its migrations."""

    def read() -> tuple[Workflow, ...]:
        every = (_workflow(one) for answer in answers for one in answer["workflows"])
        found = {one for one in every if keyspace in (one.source, one.target)}
        others = (one for one in found if one.kind != _OF_ONLINE_DDL)
        return tuple(sorted(others, key=lambda one: (one.target, one.name, one.kind)))

    return understood("GetWorkflows", read)


#: Of `show vitess_migrations`: every migration that may not be at an end.
MAY_BE_OPEN = f"migration_status NOT IN {_ENDS} OR tablet_failure = 1"


def read_migrations(rows: Iterable[Mapping[str, object]]) -> tuple[OpenMigration, ...]:
    """Those not at an end. Raises KeyError or ValueError for rows of another kind."""
    found = [
        OpenMigration(
            uuid=str(row["migration_uuid"]),
            shard=str(row["shard"]),
            table=str(row["mysql_table"]),
            status=str(row["migration_status"]),
            context=str(row["migration_context"] or ""),
        )
        for row in rows
        if str(row["migration_status"]) not in _ENDS or _begins_again(row)
    ]
    return tuple(sorted(found, key=lambda one: (one.uuid, one.shard)))


def _begins_again(row: Mapping[str, object]) -> bool:
    """Vitess takes up by itself what failed with its tablet, once."""
    has_failed_with_tablet = int(str(row["tablet_failure"])) and not int(str(row["retries"]))
    return str(row["migration_status"]) == _FAILED and bool(has_failed_with_tablet)


def read_kept(rows: Sequence[Mapping[str, object]]) -> tuple[TableKept, ...]:
    """Of migrations that are complete: Vitess puts back the last one of a table alone. Raises
    KeyError or ValueError for rows that are none."""
    last: dict[tuple[str, str], Mapping[str, object]] = {}
    for row in sorted(rows, key=lambda row: (str(row["completed_timestamp"]), str(row["id"]))):
        last[str(row["shard"]), str(row["mysql_table"])] = row
    return tuple(
        TableKept(
            uuid=str(row["migration_uuid"]),
            shard=shard,
            table=table,
            context=str(row["migration_context"] or ""),
        )
        for (shard, table), row in sorted(last.items())
        if _is_kept(row)
    )


def _is_kept(row: Mapping[str, object]) -> bool:
    is_copied = str(row["strategy"]) in ("vitess", "online") and str(row["ddl_action"]) == "alter"
    is_there = row["cleanup_timestamp"] is None and bool(str(row["artifacts"] or ""))
    return is_copied and is_there and int(str(row["retain_artifacts_seconds"])) > 0


def _shard(name: str, record: Mapping[str, Any], healthy: Serves) -> TopologyShard:
    alias = record["primary_alias"]
    primary = f"{alias['cell']}-{int(alias['uid'])}" if alias else ""
    since_s = int(record["primary_term_start_time"]["seconds"]) if alias else 0
    if not isinstance(record["is_primary_serving"], bool):
        raise TypeError("is_primary_serving")
    if not record["is_primary_serving"]:
        serving = Serving.CLOSED if primary else Serving.NO_PRIMARY
    elif not primary:
        serving = Serving.NO_PRIMARY
    elif name not in healthy:
        serving = Serving.SILENT
    else:
        is_the_same = Primary(primary, since_s) in healthy[name]
        serving = Serving.YES if is_the_same else Serving.DISPUTED
    return TopologyShard(name=name, primary=primary, serving=serving)


def _workflow(record: Mapping[str, Any]) -> Workflow:
    return Workflow(
        name=_text(record["name"]),
        kind=_text(record["workflow_type"]),
        source=_text(record["source"]["keyspace"]),
        target=_text(record["target"]["keyspace"]),
    )


def _name(record: Mapping[str, Any]) -> str:
    """Asked for later, it must not be an option of vtctldclient's."""
    name = _text(record["name"])
    if not name or name.startswith("-"):
        raise ValueError("a keyspace, which has no name that one can have")
    return name


def _sidecar(record: Mapping[str, Any]) -> str:
    return _text(record["keyspace"].get("sidecar_db_name") or "_vt")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value
