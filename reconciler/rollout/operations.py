"""From a plan to what is to be driven: per shard its own statements, grouped into operations.

The plan was checked when it was loaded; it is checked here again, because from here on its
statements are sent (PL-8). A shard gets its own change set or nothing: there is no other list to
fall back on (PL-4, DS-2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.errors import Problem, Refused
from reconciler.ledger.key import OperationKey, operation_key
from reconciler.model.object_id import ObjectId
from reconciler.plan.model import ChangeSet, Plan, PlanCore, PlannedStatement
from reconciler.plan.validate import core_errors
from reconciler.rollout.waves import Waves, with_work


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOperation:
    """One table of one shard; `indexes` are its statements' places in the change set.

    Statements of several tables may interleave (foreign keys are dropped first), so an operation
    is done when the last of its statements is.
    """

    key: OperationKey
    wave: int  # counts from 1
    position: int  # in rollout order over all operations of the plan
    indexes: tuple[int, ...]

    def done_before(self, next_index: int) -> int:
        """How many of its statements are done when the shard's first `next_index` ones are."""
        return sum(index < next_index for index in self.indexes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardWork:
    shard: str
    wave: int
    change_set: ChangeSet
    operations: tuple[PlannedOperation, ...]

    @property
    def statements(self) -> tuple[PlannedStatement, ...]:
        return self.change_set.statements

    def operation_at(self, index: int) -> PlannedOperation:
        return next(operation for operation in self.operations if index in operation.indexes)


def waves_with_work(core: PlanCore) -> Waves:
    """The plan's waves, with the shards that already match left out; numbers stay."""
    return with_work(core.waves, (s for found in core.change_sets for s in found.shards))


def work_of(
    plan: Plan, errors: Callable[[PlanCore], Iterator[str]] = core_errors
) -> tuple[ShardWork, ...]:
    """One entry per changing shard, in rollout order; raises Refused on a malformed plan. Of a
    region's part, `errors` are those of a part."""
    core = plan.core
    for wrong in errors(core):
        raise _malformed(wrong)
    work: list[ShardWork] = []
    position = 0
    for number, wave in enumerate(waves_with_work(core), start=1):
        for shard in wave:
            found = _shard_work(core, shard, wave=number, position=position)
            work.append(found)
            position += len(found.operations)
    return tuple(work)


def _shard_work(core: PlanCore, shard: str, *, wave: int, position: int) -> ShardWork:
    change_set = core.change_set_of(shard)
    assert change_set is not None, "waves_with_work keeps changing shards only"
    objects: dict[ObjectId, list[int]] = {}
    for index, statement in enumerate(change_set.statements):
        objects.setdefault(statement.object_id, []).append(index)
    operations = tuple(
        PlannedOperation(
            key=operation_key(core.keyspace, shard, object_id),
            wave=wave,
            position=position + offset,
            indexes=tuple(indexes),
        )
        for offset, (object_id, indexes) in enumerate(objects.items())
    )
    return ShardWork(shard=shard, wave=wave, change_set=change_set, operations=operations)


def _malformed(what: str) -> Refused:
    return Refused(
        Problem(
            code="plan-malformed",
            message=f"the plan is not sound: {what}",
            recovery="run `reconciler plan --write` again and have the new plan reviewed",
        )
    )
