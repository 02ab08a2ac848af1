"""A shard with a table `users`, and work for an engine on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from reconciler.model.engine import EngineName
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import EngineWork
from reconciler.ports.shards import ShardSession, ShardSessions
from reconciler.spec.model import ShardSpec

CHANGE = "ALTER TABLE `users` ADD COLUMN `a` int"
REFUSED = "ALTER TABLE `users` DROP COLUMN `nothing`"


@dataclass(frozen=True, kw_only=True)
class Stand:
    """`work` takes effect, `refused` cannot. Within `slow()` it takes until that ends; with `kill`
    its process, or its connection, is killed where it runs. `outlives`: what was begun goes on when
    the process that began it has ended; else it can be taken up by `prepare` alone.
    `survives_kill`: it goes on when what runs it is there again."""

    engine: EngineName
    sessions: ShardSessions
    shard: ShardSpec
    work: EngineWork
    refused: EngineWork
    slow: Callable[[], AbstractContextManager[None]]
    kill: Callable[[], None]
    outlives: bool = True
    survives_kill: bool = False

    def open(self) -> AbstractContextManager[ShardSession]:
        return self.sessions.open(self.shard)


def work_of(statement: PlannedStatement) -> EngineWork:
    return EngineWork(statement=statement, lock_wait_s=60, run_limit_s=600)
