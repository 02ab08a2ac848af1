"""`Keyspaces` over a real cluster: vtctld says what there is, vtgate what of it answers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.problems import as_unavailable, misread
from reconciler.edges.mysql.reading import text
from reconciler.edges.mysql.target import resolve
from reconciler.edges.vitess.limits import (
    VITESS_AGREED_POLL_S,
    VITESS_AGREED_S_MAX,
    VTCTLD_PARALLEL,
)
from reconciler.edges.vitess.problems import keyspace_gone, workflows_unread
from reconciler.edges.vitess.topology import (
    MAY_BE_OPEN,
    Serves,
    read_cells,
    read_kept,
    read_keyspaces,
    read_migrations,
    read_serving,
    read_shards,
    read_workflows,
)
from reconciler.edges.vitess.vschemas import replace_vschema, try_vschema, vschema_of
from reconciler.edges.vitess.vtctld import asked, asked_for_json, json_of, unanswered, vtctld_of
from reconciler.edges.vitess.vtctldclient import VtctldClient
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.model.topology import (
    OpenMigration,
    Serving,
    TableKept,
    Topology,
    TopologyShard,
    Workflow,
)
from reconciler.ports.clock import Workers
from reconciler.spec.model import VitessCluster

_LABEL = "vtgate"
# A stopped one is in progress as well; those that are completed or cancelled are deleted.
_EVERY_WORKFLOW = ("--show-all", "--include-logs=false")


class VitessKeyspaces:
    """`root` is the repository, where relative TLS paths start."""

    def __init__(self, *, environ: Mapping[str, str], root: Path, workers: Workers) -> None:
        self._environ = environ
        self._root = root
        self._workers = workers

    def topology(self, cluster: VitessCluster) -> Topology:
        with vtctld_of(cluster.vtctld, environ=self._environ, root=self._root) as vtctld:
            keyspaces = read_keyspaces(asked_for_json(vtctld, "GetKeyspaces"))
            if cluster.keyspace not in keyspaces:
                raise Refused(keyspace_gone(cluster.keyspace, sorted(keyspaces)))
            topology = self._of_shards(vtctld, cluster, keyspaces[cluster.keyspace])
            if not topology.has_primaries:
                return topology  # shards without a primary cannot be asked
            try:
                workflows = self._workflows(vtctld, cluster.keyspace, sorted(keyspaces))
            except Unavailable:
                if topology.serves:
                    raise
                return topology  # it is refused as it is, for shards that may be silent as well
            return replace(topology, workflows=workflows)

    def vschema(self, cluster: VitessCluster) -> str:
        with self._vtctld(cluster) as (vtctld, keyspace):
            return vschema_of(vtctld, keyspace)

    def try_vschema(self, cluster: VitessCluster, text: str) -> str | Problem:
        with self._vtctld(cluster) as (vtctld, keyspace):
            return try_vschema(vtctld, keyspace, text)

    def apply_vschema(self, cluster: VitessCluster, text: str) -> None:
        with self._vtctld(cluster) as (vtctld, keyspace):
            replace_vschema(vtctld, keyspace, text)

    @contextmanager
    def _vtctld(self, cluster: VitessCluster) -> Iterator[tuple[VtctldClient, str]]:
        with vtctld_of(cluster.vtctld, environ=self._environ, root=self._root) as vtctld:
            yield vtctld, cluster.keyspace

    def _vtgate(self, cluster: VitessCluster) -> Target:
        vtgate = cluster.vtgate
        return resolve(vtgate, environ=self._environ, root=self._root, shard=None, label=_LABEL)

    def _of_shards(self, vtctld: VtctldClient, cluster: VitessCluster, sidecar: str) -> Topology:
        keyspace = cluster.keyspace
        cells = read_cells(asked(vtctld, "GetCellInfoNames"))
        target = self._vtgate(cluster)
        with connect(target, program="reconciler, looking") as link, as_unavailable(_LABEL):
            topology = Topology(
                keyspace=keyspace,
                shards=_shards(vtctld, link, keyspace),
                cells=cells,
                sidecar_database=sidecar,
                vtgate_version=_version(link),
            )
            if topology.serves:
                return replace(topology, migrations=_migrations(link, keyspace))
            return topology

    def tables_kept(self, cluster: VitessCluster) -> tuple[TableKept, ...]:
        target = self._vtgate(cluster)
        with connect(target, program="reconciler, looking") as link, as_unavailable(_LABEL):
            rows = link.rows_by_name(
                f"SHOW VITESS_MIGRATIONS FROM {quote_identifier(cluster.keyspace)}"
                " WHERE migration_status = 'complete'"
            )
            try:
                return read_kept(rows)
            except (KeyError, ValueError):
                raise misread() from None

    def _workflows(
        self, vtctld: VtctldClient, keyspace: str, keyspaces: Sequence[str]
    ) -> tuple[Workflow, ...]:
        """Of all keyspaces: a workflow is listed where it writes to, wherever it reads from."""

        def listed_in(name: str) -> Any:
            answer = vtctld.ask("GetWorkflows", *_EVERY_WORKFLOW, name)
            if not answer.is_done and unanswered(answer) is None:
                raise Unavailable(workflows_unread(name, answer.words))
            return json_of("GetWorkflows", answer)

        answers = self._workers.map(listed_in, keyspaces, parallel=VTCTLD_PARALLEL)
        return read_workflows(answers, keyspace)


def _migrations(link: Link, keyspace: str) -> tuple[OpenMigration, ...]:
    rows = link.rows_by_name(
        f"SHOW VITESS_MIGRATIONS FROM {quote_identifier(keyspace)} WHERE {MAY_BE_OPEN}"
    )
    try:
        return read_migrations(rows)
    except (KeyError, ValueError):
        raise misread() from None


def _shards(vtctld: VtctldClient, link: Link, keyspace: str) -> tuple[TopologyShard, ...]:
    """As both have them. While a shard gets another primary, one of them may hear of it first."""
    give_up_s = time.monotonic() + VITESS_AGREED_S_MAX
    while True:
        named = asked_for_json(vtctld, "FindAllShardsInKeyspace", keyspace)
        shards = read_shards(named, _serving(link, keyspace))
        is_disputed = any(shard.serving is Serving.DISPUTED for shard in shards)
        if not is_disputed or time.monotonic() > give_up_s:
            return shards
        time.sleep(VITESS_AGREED_POLL_S)


def _serving(link: Link, keyspace: str) -> Serves:
    try:
        return read_serving(link.rows_by_name("SHOW VITESS_TABLETS"), keyspace)
    except (KeyError, ValueError):
        raise misread() from None


def _version(link: Link) -> str:
    """vtgate's own; '' for a server that is none."""
    row = link.row("SELECT @@version_comment", width=1)
    found = re.match(r"Version: (\d+\.\d+\.\d+)", text(row[0] or ""))
    return found[1] if found else ""
