"""The commands of `vtctldclient` that carry a Reshard out, to the letter (SP-92).

Rules: nothing is forced, and the switch is given a time after which Vitess takes it back. A stream
stops at a DDL of somebody else, which would be on one side alone. Streams are made at rest: what is
cut off while they are made has copied nothing. A VDiff that has ended in an error is not taken up
by Vitess: it may then tell of rows that differ where none do.
"""

from __future__ import annotations

from typing import assert_never

from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.limits import RESHARD_LAG_S_MAX
from reconciler.reshard.vitess.work import ReshardWork

_READS = "--tablet-types=rdonly,replica"
_LAG = f"--max-replication-lag-allowed={RESHARD_LAG_S_MAX}s"


def reshard_command(
    step: ReshardStep, work: ReshardWork, *, keyspace: str, comparison: str, switch_s: int
) -> tuple[str, ...]:
    """`switch_s` is for how long Vitess may let writes wait while streams catch up; `comparison` is
    the id of the VDiff."""
    of = (f"--workflow={work.workflow}", f"--target-keyspace={keyspace}")
    timeout = f"--timeout={switch_s}s"
    match step:
        case ReshardStep.CREATE:
            shards = (
                f"--source-shards={','.join(work.sources)}",
                f"--target-shards={','.join(work.targets)}",
            )
            return ("Reshard", *of, "create", *shards, "--on-ddl=STOP", "--auto-start=false")
        case ReshardStep.START:
            return ("Reshard", *of, "start")
        case ReshardStep.COMPARE:
            return ("VDiff", *of, "create", "--auto-retry=false", comparison)
        case ReshardStep.FORESEE:
            return ("Reshard", *of, "switchtraffic", "--dry-run", timeout, _LAG, "--format=json")
        case ReshardStep.SWITCH_READS:
            return ("Reshard", *of, "switchtraffic", _READS, _LAG)
        case ReshardStep.SWITCH_WRITES:
            return ("Reshard", *of, "switchtraffic", "--tablet-types=primary", timeout, _LAG)
        case ReshardStep.READS_BACK:
            return ("Reshard", *of, "reversetraffic", _READS, _LAG)
        case ReshardStep.SWITCH_BACK:
            return ("Reshard", *of, "reversetraffic", timeout, _LAG)
        case ReshardStep.COMPLETE:
            return ("Reshard", *of, "complete")
        case ReshardStep.TAKE_DOWN:
            return ("Reshard", *of, "cancel")
        case _:
            assert_never(step)
