"""Puts what a plan's statements ask of rows to the shards on which they are still to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from reconciler.errors import ReconcilerError
from reconciler.flows.check import Checked
from reconciler.flows.reconcile_pass import Pass
from reconciler.flows.row_memory import Recall, RowMemory
from reconciler.guard.model import Refusal, ToDo
from reconciler.guard.preflight import preflight_refusals
from reconciler.observe.shards import SeenShard
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.ports.world import World
from reconciler.preflight.answered import Preflight, preflight_of
from reconciler.preflight.model import Answer, Probe
from reconciler.preflight.placed import probes_left
from reconciler.spec.model import ShardSpec
from reconciler.spec.preflight import AskedOn


def ask_rows(
    world: World, begun: Pass, checked: Checked, *, recall: Recall | None = None
) -> Preflight | None:
    """None: the spec has no rows asked. Of a shard that is part of the way, the statements that are
    left. `recall`: who keeps answers, for as long as the spec lets them be used again."""
    spec = begun.environment.preflight
    if spec is None or world.rows is None:
        return None
    left = _Left(checked)
    memory = RowMemory(begun, recall, world.clock.now_s())
    questions = [(seen, probes) for seen in begun.look.seen if (probes := left.of(seen))]
    known = [memory.known(seen, probes) for seen, probes in questions]
    specs = {shard.name: shard for shard in begun.environment.shards}
    by_table = _ByTable()
    asked = [
        replace(
            _asked(begun, specs[seen.shard], seen, by_table.of(_others(probes, found))),
            places=memory.places(seen, probes),
        )
        for (seen, probes), found in zip(questions, known, strict=True)
    ]
    rollout = begun.environment.rollout
    answers = world.rows.ask(
        asked,
        parallel=rollout.parallel,
        parallel_per_host=rollout.parallel_per_host,
        budget_s=spec.budget_s,
    )
    put = [one.probes for one in asked]
    answers = memory.keep(
        [
            (seen, probes, given)
            for (seen, _), probes, given in zip(questions, put, answers, strict=True)
        ]
    )
    return preflight_of(
        [
            (seen.shard, (*found, *probes))
            for (seen, _), found, probes in zip(questions, known, put, strict=True)
        ],
        [(*found.values(), *given) for found, given in zip(known, answers, strict=True)],
    )


def _others(probes: Sequence[Probe], known: Mapping[Probe, Answer]) -> Sequence[Probe]:
    return [probe for probe in probes if probe not in known] if known else probes


def rows_in_the_way(begun: Pass, preflight: Preflight | None) -> tuple[Refusal, ...]:
    spec = begun.environment.preflight
    if spec is None or preflight is None:
        return ()
    return preflight_refusals(preflight, spec.refuse, begun.files.spec.policy)


class _Left:
    """The questions of each shard. Shards at the beginning of one plan have the same."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked
        self._from_the_first: dict[int, tuple[Probe, ...]] = {}

    def of(self, seen: SeenShard) -> tuple[Probe, ...]:
        standing = self._checked.standings.get(seen.shard)
        placed = self._checked.changes.get(seen.shard, ())
        if not isinstance(standing, ToDo):
            return ()
        if standing.next_index:
            live = {name: read.table for name, read in seen.definitions.items()}
            return probes_left(placed, standing.next_index, live)
        if id(placed) not in self._from_the_first:
            self._from_the_first[id(placed)] = probes_left(placed, 0, {})
        return self._from_the_first[id(placed)]


class _ByTable:
    """The questions of each table. Many shards have the very same."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Sequence[Probe], dict[str, tuple[Probe, ...]]]] = {}

    def of(self, probes: Sequence[Probe]) -> Mapping[str, tuple[Probe, ...]]:
        if id(probes) not in self._known:
            tables: dict[str, tuple[Probe, ...]] = {}
            for probe in probes:
                tables[probe.table] = (*tables.get(probe.table, ()), probe)
            self._known[id(probes)] = (probes, tables)
        return self._known[id(probes)][1]


def _asked(
    begun: Pass, spec: ShardSpec, seen: SeenShard, by_table: Mapping[str, tuple[Probe, ...]]
) -> ShardAsked:
    rollout, asks = begun.environment.rollout, begun.environment.preflight
    return ShardAsked(
        shard=spec,
        tables=tuple(
            TableAsked(
                table=table, probes=found, is_as_seen=partial(_is_as_seen, begun, seen, table)
            )
            for table, found in by_table.items()
        ),
        server=seen.observation.server,
        threads_running_max=rollout.threads_running_max,
        replica_lag_max_s=rollout.replica_lag_max_s,
        replica_behind_s_max=asks.lag_max_s if asks and asks.on is AskedOn.REPLICA else None,
    )


def _is_as_seen(begun: Pass, seen: SeenShard, table: str, text: str) -> bool:
    was = seen.definitions.get(table)
    try:
        version = seen.observation.settings.version
        return was is not None and begun.reader.read(text, version) == was
    except ReconcilerError:
        return False
