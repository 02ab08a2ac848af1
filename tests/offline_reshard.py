"""A keyspace of Vitess of which a shard is being split, without servers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.flows.split.derive import SplitPlanWorld
from reconciler.model.topology import Serving, Topology, TopologyShard, Workflow
from reconciler.spec.model import VitessCluster
from tests.offline_fleet import Files, Shards, world
from tests.offline_split import PlannedServers
from tests.offline_vitess import OfflineVitess
from tests.sim.reshard.vitess import TABLE, Shard, SimVitess

SPEC = """\
version: 1
kind: vitess
keyspace: shop
schema: schemas/shop
environments:
  production:
    vitess: {vtgate: {host: vtgate, user: u}, vtctld: {address: "vtctld:15999"}, keyspace: store}
"""
BEFORE = SPEC + '    shards: ["-80", "80-"]\n'
SPLITTING = SPEC + '    shards: ["-40", "40-80", "80-"]\n    retiring: ["-80"]\n'
BY_ID = [{"name": "hash", "columns": ["id"]}]
ROUTED = {
    "sharded": True,
    "vindexes": {"hash": {"type": "hash"}},
    "tables": {TABLE: {"column_vindexes": BY_ID}},
}
ORDERS = (
    f"CREATE TABLE `{TABLE}` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
)


def splitting(spec: str = SPLITTING, *, definition: str = ORDERS) -> Files:
    return Files(
        {
            "specs/shop.yaml": spec.encode(),
            f"schemas/shop/{TABLE}.sql": f"{definition};\n".encode(),
            "schemas/shop/vschema.json": json.dumps(ROUTED).encode(),
        }
    )


def sim_vitess(*empty: str) -> SimVitess:
    """Two shards with a table each, and new ones, which are empty."""
    serving = {name: Shard(serves=True, writable=True, tables={TABLE}) for name in ("-80", "80-")}
    new = {name: Shard(serves=False, writable=False) for name in empty or ("-40", "40-80")}
    return SimVitess({**serving, **new}, definition="sha256:" + "a" * 64)


@dataclass
class ReshardedKeyspaces(OfflineVitess):
    """`Keyspaces` whose topology is what the simulated keyspace has come to."""

    vitess: SimVitess = field(default_factory=sim_vitess)
    workflows: tuple[Workflow, ...] = ()

    def topology(self, cluster: VitessCluster) -> Topology:
        return replace(
            self.topology_now,
            keyspace=cluster.keyspace,
            shards=tuple(
                TopologyShard(
                    name=name,
                    primary="zone1-1",
                    serving=Serving.YES if shard.serves else Serving.CLOSED,
                )
                for name, shard in sorted(self.vitess.shards.items())
            ),
            workflows=self.workflows,
        )


def keyspaces(vitess: SimVitess, vschema: object = ROUTED) -> ReshardedKeyspaces:
    return ReshardedKeyspaces(text=json.dumps(vschema), vitess=vitess)


def reshard_world(
    found: ReshardedKeyspaces, ledger: SqlLedger, *, definition: str = ORDERS
) -> SplitPlanWorld:
    return SplitPlanWorld(
        look=world(Shards({"vtgate": {TABLE: definition}}), found),
        servers=PlannedServers(),
        reshards=found.vitess,
        open_routes=lambda: ledger.routes,
        open_jobs=lambda: ledger.split_jobs,
    )
