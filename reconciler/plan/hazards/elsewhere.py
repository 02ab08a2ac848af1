"""What a statement breaks in other databases of a shard's server.

Such programs are not made on scratch: what they stand on beside the shard is not known there. They
are searched for the names that go away, and each shard has its own, whatever else shards share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.ddl.statement.reach import reach_of
from reconciler.ddl.usage import (
    is_made_again,
    may_take_from_dependents,
    programs_at_stake,
    what_is_used,
)
from reconciler.model.dependents import Program
from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.hazards.statement_context import needing_permission
from reconciler.plan.model import PlannedStatement


def with_hazards_elsewhere(
    statements: Sequence[PlannedStatement], programs: Sequence[Program]
) -> tuple[PlannedStatement, ...]:
    """The statements with what they break of the programs of other databases; `programs` are all
    that use the shard's tables, its own among them: others may stand on its views."""
    if not any(program.database is not None for program in programs):
        return tuple(statements)
    return tuple(
        replace(
            statement,
            hazards=(*_broken(statement, programs, statements[at + 1 :]), *statement.hazards),
        )
        for at, statement in enumerate(statements)
    )


def _broken(
    statement: PlannedStatement, programs: Sequence[Program], later: Sequence[PlannedStatement]
) -> Iterator[Hazard]:
    reach = reach_of(statement.sql)
    if not may_take_from_dependents(reach) or is_made_again(reach, (s.sql for s in later)):
        return
    for program in programs_at_stake(reach, programs):
        if program.database is not None:
            used = what_is_used(reach, program)
            reason = (
                f"{program}, in another database of the server, uses {used}, which is gone then"
            )
            yield needing_permission(HazardKind.BREAKS_OBJECT, program.place, reason)
