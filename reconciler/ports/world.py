"""What looking and proving need of the world, together."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.ports.clock import Clock, Workers
from reconciler.ports.deploy_requests import DeployRequests
from reconciler.ports.engine import EnginePrograms
from reconciler.ports.index_counts import IndexCounts
from reconciler.ports.keyspaces import Keyspaces
from reconciler.ports.remembered import Remembered
from reconciler.ports.row_probes import RowProbes
from reconciler.ports.scratch import Scratch
from reconciler.ports.shards import LiveShards


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What looking and proving need; an apply is given its sessions, locks and ledger besides.
    `deploys` is there where a keyspace is at PlanetScale, `rows` where a spec has rows asked,
    `counts` where shards are servers of their own. `proofs` are those of this command."""

    shards: LiveShards
    scratch: Scratch
    workers: Workers
    clock: Clock
    engines: EnginePrograms
    keyspaces: Keyspaces
    deploys: DeployRequests | None = None
    rows: RowProbes | None = None
    counts: IndexCounts | None = None
    proofs: Remembered = field(default_factory=Remembered)
