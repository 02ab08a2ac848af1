"""What a question looks at: a statement, both ends of its table, and the server that runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import ClauseKind
from reconciler.diff.pairing import name_key
from reconciler.model.engine import EngineName
from reconciler.model.schema import Column, Table
from reconciler.model.server import Flavor, ServerSettings
from reconciler.plan.hazards.statement_context import StatementContext, find_column
from reconciler.plan.model import Algorithm
from reconciler.preflight.model import Effect

_STRICT = frozenset({"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Both ends of the table are in canonical form."""

    context: StatementContext
    settings: ServerSettings
    engine: EngineName = EngineName.DIRECT

    @property
    def before(self) -> Table:
        assert self.context.step.before is not None, "a table that is made has no rows"
        return self.context.step.before

    @property
    def after(self) -> Table | None:
        return self.context.step.after

    @property
    def modes(self) -> frozenset[str]:
        return frozenset((self.settings.variable("sql_mode") or "").upper().split(","))

    @property
    def refuses_zero_dates(self) -> bool:
        """Whether the statement's session takes no zero date."""
        return self._refuses_dates("NO_ZERO_DATE")

    @property
    def refuses_zeros_in_dates(self) -> bool:
        """Whether it takes no date whose month or day alone is zero."""
        return self._refuses_dates("NO_ZERO_IN_DATE")

    def _refuses_dates(self, mode: str) -> bool:
        against = self.modes & {mode, "TRADITIONAL"}
        return self.is_strict and bool(against) and not self.context.step.session.zero_dates

    @property
    def rounds_fractions(self) -> bool:
        """Whether digits of a second that do not fit are rounded away, not cut off."""
        if self.settings.version.flavor is Flavor.MARIADB:
            return "TIME_ROUND_FRACTIONAL" in self.modes
        return "TIME_TRUNCATE_FRACTIONAL" not in self.modes

    @property
    def is_strict(self) -> bool:
        return bool(self.modes & _STRICT)

    @property
    def of_unfit_values(self) -> Effect:
        """What a value leads to that its new type does not take. Only the server's own DDL in
        strict mode refuses it: else it is cut, and what copies rows may lose them."""
        fails = self.is_strict and self.engine is EngineName.DIRECT
        return Effect.FAILS if fails else Effect.LOSES

    @property
    def copies_rows(self) -> bool:
        """Whether each row is written again through the server's types."""
        return self.context.execution.algorithm in (Algorithm.COPY, None)

    def old_name(self, name: str) -> str | None:
        """What a column of the table as it will be is called now; None: it is not there yet."""
        column = self.context.column_before(name)
        return None if column is None or self._is_remade(name) else column.name

    def ends_of(self, value: str) -> tuple[Column, Column] | None:
        """The changed column that is called so, in quotes, before and after."""
        for _, old, new in self.context.changed_columns():
            if quote_identifier(old.name) == value:
                return old, new
        return None

    def evaluable(self, expression: str) -> str | None:
        """The expression over the table as it is, or None: it uses a column that is new, or that
        gets another type, collation or computation in the same plan."""
        return self.rewritten(expression, self._as_it_is)

    def rewritten(
        self,
        expression: str,
        value: Callable[[Column, Column], str | None],
        made: Callable[[Column], str | None] = lambda _: None,
    ) -> str | None:
        """The expression with `value(before, after)` in the place of each column, and `made(after)`
        of one that is new; None where a column has no such value."""
        parts, end = [], 0
        for token in tokenize(expression):
            if token.kind is not TokenKind.QUOTED_IDENTIFIER:
                continue
            after = find_column(self.after, token.value)
            if after is None:
                continue
            old = self.old_name(token.value)
            before = find_column(self.before, old) if old is not None else None
            found = made(after) if before is None else value(before, after)
            if found is None:
                return None
            parts += [expression[end : token.offset], found]
            end = token.offset + len(token.text)
        return "".join([*parts, expression[end:]])

    def changes_meaning_of(self, expression: str) -> bool:
        """Whether this very statement gives another type, collation or computation to a column that
        the expression uses, or that one of its computed columns uses."""
        for token in tokenize(expression):
            if token.kind is not TokenKind.QUOTED_IDENTIFIER:
                continue
            if name_key(token.value) in self._changed_here:
                return True
            after = find_column(self.after, token.value)
            computed = after.generated if after is not None else None
            if computed is not None and self.changes_meaning_of(computed.expression):
                return True
        return False

    @property
    def _changed_here(self) -> frozenset[str]:
        changed = [
            new.name
            for clause, old, new in self.context.changed_columns()
            if clause.kind is not ClauseKind.SET_DEFAULT and not _means_the_same(old, new)
        ]
        remade = [new.name for _, new in self.context.remade_columns()]
        return frozenset(map(name_key, (*changed, *remade)))

    def _as_it_is(self, before: Column, after: Column) -> str | None:
        """What is computed stays as it is where all that it is computed with does."""
        if not _means_the_same(before, after):
            return None
        computed = after.generated
        if computed is not None and self.evaluable(computed.expression) is None:
            return None
        return quote_identifier(before.name)

    def _is_remade(self, name: str) -> bool:
        """Dropped and added under the same name."""
        clauses = self.context.step.clauses
        return any(
            clause.kind is ClauseKind.ADD_COLUMN and name_key(clause.object) == name_key(name)
            for clause in clauses
        )


def _means_the_same(before: Column, after: Column) -> bool:
    return (before.sql_type, before.charset, before.collation, before.generated) == (
        after.sql_type,
        after.charset,
        after.collation,
        after.generated,
    )
