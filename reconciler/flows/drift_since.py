"""Since when a shard differs, as far as the record of applies tells: an apply of the plan beside
the files was done there, and had read all of the shard as git says it is.

It is an aside: a ledger that cannot be asked says nothing, and keeps nobody from being judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.errors import ReconcilerError
from reconciler.flows.limits import APPLIES_OF_A_PLAN_MAX
from reconciler.flows.reconcile_pass import Pass
from reconciler.ledger.model import StoredOperation, Wanted
from reconciler.ledger.states import OperationState
from reconciler.outcomes.drift import DriftGroup, LeftAsGitSays, ShardMark
from reconciler.plan.model import CarriedOut, Plan
from reconciler.ports.ledger import Ledger


def with_since(
    groups: Sequence[DriftGroup],
    begun: Pass,
    plan: Plan | None,
    open_ledger: Callable[[], Ledger],
) -> tuple[DriftGroup, ...]:
    """`plan` is the one that was made from these files. A ledger is opened only where a shard has
    drifted and the spec names one: looking for drift makes none."""
    has_drifted = any(group.mark is ShardMark.DRIFTED for group in groups)
    if plan is None or not has_drifted or not begun.environment.ledger:
        return tuple(groups)
    if plan.core.carried_out is CarriedOut.BY_DEPLOY_REQUEST:
        return tuple(groups)  # others deploy there as well
    if schema_fingerprint(begun.desired_fingerprints) != plan.core.after:
        return tuple(groups)  # other rules made it: what it left is not known to be git's
    try:
        left = _left_by(open_ledger(), begun, plan)
    except ReconcilerError:
        return tuple(groups)
    return tuple(_told(group, left) for group in groups)


def _left_by(ledger: Ledger, begun: Pass, plan: Plan) -> Mapping[str, LeftAsGitSays]:
    """By shard: one where all is done was read then, all of it, and was what the plan leads to
    (GD-12)."""
    environment, left = begun.environment, dict[str, LeftAsGitSays]()
    parts = (environment.region,) if environment.region else ("", *environment.region_names)
    for part in parts:
        applies = ledger.applies(
            environment.name,
            keyspace=begun.files.spec.keyspace,
            limit=APPLIES_OF_A_PLAN_MAX,
            region=part,
            wanted=Wanted(plan=plan.plan_id),
        )
        for apply in applies:
            for shard, at_s in _done_at(ledger.operations(apply.apply_id)):
                found = LeftAsGitSays(apply_id=apply.apply_id, at_s=at_s)
                left[shard] = max(found, left.get(shard, found), key=lambda one: one.at_s)
    return left


def _done_at(operations: Sequence[StoredOperation]) -> Iterator[tuple[str, float]]:
    """Each shard of which every operation is completed, with when the last was."""
    rows: dict[str, list[StoredOperation]] = {}
    for row in operations:
        rows.setdefault(row.shard, []).append(row)
    for shard, own in rows.items():
        if all(row.state is OperationState.COMPLETED for row in own):
            yield shard, max(row.settled_s or 0.0 for row in own)


def _told(group: DriftGroup, left: Mapping[str, LeftAsGitSays]) -> DriftGroup:
    """Of shards that are told together the first that was done: since then holds for all."""
    known = [left[shard] for shard in group.shards if shard in left]
    if group.mark is not ShardMark.DRIFTED or len(known) < len(group.shards):
        return group
    return replace(group, left=min(known, key=lambda one: (one.at_s, one.apply_id)))
