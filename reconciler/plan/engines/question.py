"""What the choice of an engine looks at: one statement, its table, and what hangs on that."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.diff.model import ClauseKind, Operation
from reconciler.model.dependents import Reference
from reconciler.model.server import ServerVersion
from reconciler.plan.hazards.statement_context import StatementContext
from reconciler.plan.model import Algorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineQuestion:
    """`triggers` are those on the table, `children` the foreign keys that refer to it, on any of
    the shards; `tables` are all that are in the database of any, or shall be. `size_bytes` is the
    table's on the fullest of them; None: it could not be read.
    `keeps_old`: the spec wants the table as it was kept beside the new one."""

    context: StatementContext
    version: ServerVersion
    size_bytes: int | None
    is_behind_vitess: bool = False
    triggers: tuple[str, ...] = ()
    children: tuple[Reference, ...] = field(default=())
    tables: tuple[str, ...] = ()
    keeps_old: bool = False

    @property
    def copies_rows(self) -> bool:
        """Whether the server would have to write every row again."""
        execution = self.context.execution
        return self._alters and (execution.rebuilds or execution.algorithm is Algorithm.COPY)

    @property
    def builds_index(self) -> bool:
        """Whether the server would have to read every row, for an index beside them."""
        in_place = self.context.execution.algorithm in (Algorithm.INPLACE, Algorithm.NOCOPY)
        adds = any(self.context.of_kind(ClauseKind.ADD_INDEX))
        return self._alters and in_place and adds and not self.copies_rows

    @property
    def _alters(self) -> bool:
        return self.context.step.operation is Operation.ALTER_TABLE
