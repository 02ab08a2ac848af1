"""What moves shards asks of Vitess: to look, and to carry out one step.

No row comes through here: Vitess copies them, compares them, and keeps writers waiting itself.
"""

from __future__ import annotations

from typing import Protocol

from reconciler.ports.split_servers import Busy
from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.vitess.seen import ReshardSeen
from reconciler.reshard.vitess.work import ReshardWork
from reconciler.spec.model import VitessCluster


class Reshards(Protocol):
    """Of the keyspace of a cluster that a spec names. Every call raises Unavailable where vtctld
    does not answer in time: whether a step was taken, `look` tells and nothing else. No address and
    no login is in any error (PL-12)."""

    def look(
        self, cluster: VitessCluster, work: ReshardWork, *, comparison: str | None
    ) -> ReshardSeen:
        """Where the move stands; `comparison` is the id of the VDiff to look for. Raises
        Unavailable as well where what Vitess says cannot be understood."""

    def foresee(
        self, cluster: VitessCluster, work: ReshardWork, *, switch_s: int
    ) -> tuple[str, ...] | Busy:
        """What a switch would do, in Vitess' words, without addresses; or why it would not be
        taken. Changes nothing."""

    def carry_out(
        self,
        cluster: VitessCluster,
        work: ReshardWork,
        step: ReshardStep,
        *,
        comparison: str,
        switch_s: int,
    ) -> Busy | None:
        """None: taken. Busy: Vitess has refused it, in its own words without addresses; part of it
        may have been done. To take down is to cancel the workflow, and to drop the tables of the
        work from those targets that do not serve."""
