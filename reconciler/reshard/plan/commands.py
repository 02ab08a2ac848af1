"""The commands that a job gives Vitess, in the order in which its steps are listed.

Rule: they come from the very function that the job itself uses, so that nothing else can be shown
than what is sent. Nobody's job has the number 0, and no plan's id begins with letters.
"""

from __future__ import annotations

from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.plan.model import PlannedCommand
from reconciler.reshard.plan.statements import PLANNED_JOB
from reconciler.reshard.vitess.commands import reshard_command
from reconciler.reshard.vitess.work import ReshardWork

#: In the place of what only the plan's own id can tell, and of the id of a comparison.
PLANNED_IDENTITY = "PLAN"
PLANNED_COMPARISON = "COMPARISON"


def planned_commands(
    *,
    keyspace: str,
    sources: tuple[str, ...],
    targets: tuple[str, ...],
    tables: tuple[str, ...],
    switch_s: int,
) -> tuple[PlannedCommand, ...]:
    """`keyspace` is its name in Vitess."""
    work = ReshardWork(
        job=PLANNED_JOB,
        identity=PLANNED_IDENTITY,
        sources=sources,
        targets=targets,
        tables=tables,
    )
    return tuple(
        PlannedCommand(
            step=step,
            arguments=reshard_command(
                step,
                work,
                keyspace=keyspace,
                comparison=PLANNED_COMPARISON,
                switch_s=switch_s,
            ),
        )
        for step in ReshardStep
    )
