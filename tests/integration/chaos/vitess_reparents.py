"""Runs behind Vitess in which a replica becomes the primary: planned, and after the primary died,
at each phase of an apply, while somebody writes over vtgate.

Nothing may be lost, done twice or left behind, as in the runs in which processes are killed. The
keyspace has one shard of three servers: of two that are left, one must be able to tell the other
that it has a row. A run is `RUNS`' of its number, from 1.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.edges.vitess.local.commands import SEMI_SYNC_OPTIONS
from reconciler.model.fleet import even_shards
from tests.integration.chaos.vitess import Victim, VitessChaosRun
from tests.integration.chaos.vitess_applying import Phase
from tests.integration.chaos.vitess_stage import VitessStage, crashable_cluster
from tests.seeds import seeds_from

_SHARDS, _REPLICAS = even_shards(1), 2
RUNS = tuple((phase, victim) for victim in (Victim.PLANNED, Victim.EMERGENCY) for phase in Phase)


def main(numbers: Sequence[int]) -> int:
    failed = 0
    with (
        tempfile.TemporaryDirectory() as name,
        crashable_cluster(len(_SHARDS) * (1 + _REPLICAS), SEMI_SYNC_OPTIONS) as cluster,
        pytest.MonkeyPatch.context() as patch,
    ):
        root = Path(name)
        stage = VitessStage(cluster, root / "stage", patch, shards=_SHARDS, replicas=_REPLICAS)
        for number in numbers:
            run = VitessChaosRun(stage, root, number, [RUNS[number - 1]])
            begun_s = time.monotonic()
            try:
                run.run()
            except AssertionError as failure:
                failed += 1
                sys.stdout.write(f"{failure}\n")
            sys.stdout.write(f"run {number}: {run.title}, {time.monotonic() - begun_s:.0f} s\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(numbers)} runs, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(seeds_from(sys.argv[1])))
