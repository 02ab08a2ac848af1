"""`Reshards` by Vitess' own program.

Rules: every answer is read, and none is taken for what it does not say: a step is taken once Vitess
has said so, and where it was cut off `look` tells. Tables are dropped from a target only if the
topology says, just before, that it does not serve (SP-93).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.vitess.internal_tables import is_internal
from reconciler.edges.vitess.limits import RESHARD_LOCKED_S_MAX, VTCTLD_ANSWER_S_MAX
from reconciler.edges.vitess.reshard_reading import (
    read_comparison,
    read_foreseen,
    read_ground,
    read_places,
    read_reads_switched,
    read_shard_names,
    read_spread,
    read_streams,
    said,
)
from reconciler.edges.vitess.topology import read_keyspaces
from reconciler.edges.vitess.vtctld import asked_for_json, json_of, unanswered, vtctld_of
from reconciler.edges.vitess.vtctldclient import VtctldAnswer, VtctldClient
from reconciler.errors import Unavailable
from reconciler.ports.split_servers import Busy
from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.job import TableGround
from reconciler.reshard.vitess.commands import reshard_command
from reconciler.reshard.vitess.seen import ComparisonSeen, ReshardSeen
from reconciler.reshard.vitess.work import ReshardWork
from reconciler.spec.model import VitessCluster

_EVERY_WORKFLOW = ("--show-all", "--include-logs=false")
_NO_COMPARISON = "no vdiff found for UUID"


class VitessReshards:
    """`root` is the repository, where relative TLS paths start."""

    def __init__(self, *, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root

    def look(
        self, cluster: VitessCluster, work: ReshardWork, *, comparison: str | None
    ) -> ReshardSeen:
        keyspace = cluster.keyspace
        with self._vtctld(cluster) as vtctld:
            topology = asked_for_json(vtctld, "FindAllShardsInKeyspace", keyspace)
            (places, serving), known = read_places(topology), read_shard_names(topology)
            workflows = asked_for_json(vtctld, "GetWorkflows", *_EVERY_WORKFLOW, keyspace)
            streams, reverse, foreign, lag_s = read_streams(workflows, work)
            shards = (*work.sources, *work.targets)
            spread = read_spread(asked_for_json(vtctld, "GetVSchema", keyspace))
            tables = {
                shard: _tables(vtctld, places[shard], shard, spread)
                for shard in shards
                if shard in places
            }
            on_targets = [one for target in work.targets for one in tables.get(target, ())]
            return ReshardSeen(
                serving=serving & set(shards),
                gone=tuple(sorted(set(shards) - places.keys())),
                deleted=tuple(sorted(set(shards) - known)),
                streams=streams,
                reverse=reverse,
                are_reads_switched=bool(streams) and _reads_switched(vtctld, keyspace, work),
                filled=tuple((t.shard, t.table) for t in on_targets if t.table in work.tables),
                strange=tuple((t.shard, t.table) for t in on_targets if t.table not in work.tables),
                ground=tuple(sorted(t for one in work.sources for t in tables.get(one, ()))),
                comparison=_comparison(vtctld, keyspace, work, comparison) if streams else None,
                foreign=foreign,
                lag_s=lag_s,
            )

    def foresee(
        self, cluster: VitessCluster, work: ReshardWork, *, switch_s: int
    ) -> tuple[str, ...] | Busy:
        command = reshard_command(
            ReshardStep.FORESEE,
            work,
            keyspace=cluster.keyspace,
            comparison="",
            switch_s=switch_s,
        )
        with self._vtctld(cluster) as vtctld:
            answer = vtctld.ask(*command)
            if busy := _refused(answer):
                return busy
            return read_foreseen(json_of("Reshard switchtraffic", answer))

    def carry_out(
        self,
        cluster: VitessCluster,
        work: ReshardWork,
        step: ReshardStep,
        *,
        comparison: str,
        switch_s: int,
    ) -> Busy | None:
        keyspace = cluster.keyspace
        command = reshard_command(
            step, work, keyspace=keyspace, comparison=comparison, switch_s=switch_s
        )
        with self._vtctld(cluster) as vtctld:
            if step is ReshardStep.TAKE_DOWN:
                return _take_down(vtctld, keyspace, work, command)
            if step is ReshardStep.COMPLETE:
                return _complete(vtctld, keyspace, work, command)
            return _refused(vtctld.ask(*command, limit_s=_limit_s(switch_s)))

    @contextmanager
    def _vtctld(self, cluster: VitessCluster) -> Iterator[VtctldClient]:
        with vtctld_of(cluster.vtctld, environ=self._environ, root=self._root) as vtctld:
            yield vtctld


def _limit_s(switch_s: int) -> int:
    """Who gives a switch up while it is under way leaves writes waiting: the lock of a vtctld that
    died is waited for, and then each part of the switch that has `switch_s` for itself."""
    return RESHARD_LOCKED_S_MAX + 4 * switch_s + VTCTLD_ANSWER_S_MAX


def _places(vtctld: VtctldClient, keyspace: str) -> tuple[dict[str, str], frozenset[str]]:
    return read_places(asked_for_json(vtctld, "FindAllShardsInKeyspace", keyspace))


def _tables(
    vtctld: VtctldClient, alias: str, shard: str, spread: Mapping[str, str]
) -> tuple[TableGround, ...]:
    found = read_ground(asked_for_json(vtctld, "GetSchema", alias), shard, spread)
    return tuple(one for one in found if not is_internal(one.table))


def _reads_switched(vtctld: VtctldClient, keyspace: str, work: ReshardWork) -> bool:
    of = (f"--workflow={work.workflow}", f"--target-keyspace={keyspace}")
    return read_reads_switched(asked_for_json(vtctld, "Reshard", *of, "status", "--format=json"))


def _comparison(
    vtctld: VtctldClient, keyspace: str, work: ReshardWork, comparison: str | None
) -> ComparisonSeen | None:
    if comparison is None:
        return None
    of = (f"--workflow={work.workflow}", f"--target-keyspace={keyspace}")
    answer = vtctld.ask("VDiff", *of, "show", comparison, "--verbose", "--format=json")
    if not answer.is_done and unanswered(answer) is None and _NO_COMPARISON in answer.words:
        return None
    found: Any = json_of("VDiff show", answer)
    return read_comparison(found, work.targets)


def _complete(
    vtctld: VtctldClient, keyspace: str, work: ReshardWork, complete: tuple[str, ...]
) -> Busy | None:
    """Vitess takes the sources out first, and can complete nothing without them: what is left of
    one that was cut off are frozen streams, whose traffic went their way long ago."""
    places, _ = _places(vtctld, keyspace)
    if places.keys() & set(work.sources):
        return _refused(vtctld.ask(*complete, limit_s=RESHARD_LOCKED_S_MAX))
    sidecar = read_keyspaces(asked_for_json(vtctld, "GetKeyspaces"))[keyspace]
    frozen = (
        f"DELETE FROM {quote_identifier(sidecar)}.vreplication"
        f" WHERE workflow = '{work.workflow}' AND state = 'Stopped' AND message = 'FROZEN'"
    )
    for target in work.targets:
        if busy := _refused(vtctld.ask("ExecuteFetchAsDBA", "--json", places[target], frozen)):
            return busy
    return None


def _take_down(
    vtctld: VtctldClient, keyspace: str, work: ReshardWork, cancel: tuple[str, ...]
) -> Busy | None:
    """A workflow without any stream is none to Vitess, and its tables stay."""
    workflows = asked_for_json(vtctld, "GetWorkflows", *_EVERY_WORKFLOW, keyspace)
    streams, _, _, _ = read_streams(workflows, work)
    if streams and (busy := _refused(vtctld.ask(*cancel, limit_s=RESHARD_LOCKED_S_MAX))):
        return busy
    places, serving = _places(vtctld, keyspace)
    for target in work.targets:
        if target not in places:
            continue
        there = {one.table for one in _tables(vtctld, places[target], target, {})}
        names = sorted(there & {*work.tables})
        if not names:
            continue
        if target in serving:
            return Busy(f"{target} serves: nothing is dropped there")
        dropped = f"DROP TABLE IF EXISTS {', '.join(map(quote_identifier, names))}"
        if busy := _refused(vtctld.ask("ExecuteFetchAsDBA", "--json", places[target], dropped)):
            return busy
    return None


def _refused(answer: VtctldAnswer) -> Busy | None:
    """Raises Unavailable for an answer that says nothing of what was done."""
    if answer.is_done:
        return None
    if problem := unanswered(answer):
        raise Unavailable(problem)
    return Busy(f"Vitess refuses: {said(answer.words) or 'without a word'}")
