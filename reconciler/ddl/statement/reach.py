"""What one statement takes away, changes and refers to, by name, as its own text says it.

It is read from the very text that is sent, so that what is asked of a login and of the objects
around a table right before a statement cannot be about another statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from reconciler.ddl.lexer import Token
from reconciler.ddl.limits import STATEMENTS_KEPT_MAX
from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.statement.check import StatementKind, clause_starts, kind_of, read_statement
from reconciler.ddl.statement.parts import StatementText, begins, identifier
from reconciler.ddl.statement.program import read_program_statement
from reconciler.model.object_id import ObjectId, ObjectKind

# DROP or ADD may leave COLUMN out; before these words it is not a column that follows.
_NO_COLUMN = (
    "CHECK",
    "CONSTRAINT",
    "FOREIGN",
    "INDEX",
    "KEY",
    "PARTITION",
    "PERIOD",
    "PRIMARY",
    "SYSTEM",
)
_TAKES_NAME = (
    StatementKind.DROP_TABLE,
    StatementKind.DROP_VIEW,
    StatementKind.DROP_ROUTINE,
    StatementKind.DROP_SEQUENCE,
)


_DROP_PROGRAMS = (
    StatementKind.DROP_VIEW,
    StatementKind.DROP_ROUTINE,
    StatementKind.DROP_TRIGGER,
    StatementKind.DROP_EVENT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """`gone` are columns whose names go away (dropped or renamed), `changed` those that are defined
    again; as written. `parents` are the tables that new foreign keys refer to, with their database
    (None: the shard's own). `unbinds`: an index, the engine or the partitioning goes or changes,
    which a foreign key of another table may rest on. Of a view's statement, `table` is the view,
    which goes or is made, with the rights of `definer`, and `replaces` what is there; its query
    `reads` other tables and views; `program` is what it is about, and `unsafe` as there. Of a
    trigger's, `table` is the one that it fires on ('' where it is dropped), which the statement
    `locks` or not; of an event's, `is_on`: it runs by itself from then on."""

    kind: StatementKind
    table: str
    renamed_to: str | None = None
    gone: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    parents: tuple[tuple[str | None, str], ...] = ()
    drops_partitions: bool = False
    unbinds: bool = False
    replaces: bool = False
    definer: Account | None = None
    reads: tuple[str, ...] = ()
    program: ObjectId | None = None
    unsafe: bool = False
    locks: bool = False
    is_on: bool = False

    @property
    def drops_program(self) -> bool:
        """Whether it drops one that has a definer."""
        return self.kind in _DROP_PROGRAMS

    @property
    def takes_table(self) -> bool:
        """Whether the name of the table, or of the program that others may use, goes away."""
        return self.kind in _TAKES_NAME or self.renamed_to is not None


@lru_cache(maxsize=STATEMENTS_KEPT_MAX)
def reach_of(sql: str) -> Reach:
    """Raises Refused for what is not one statement of a known kind."""
    if (program := read_program_statement(sql)) is not None:
        is_trigger = program.about.kind is ObjectKind.TRIGGER
        return Reach(
            kind=kind_of(program),
            table=program.table if is_trigger else program.about.name,
            locks=program.locks,
            is_on=program.is_on,
            replaces=program.replaces,
            definer=program.definer,
            reads=program.reads,
            program=program.about,
            unsafe=program.unsafe,
        )
    kind, text = read_statement(sql)
    clauses = tuple(_clauses(text)) if kind is StatementKind.ALTER_TABLE else ()
    return Reach(
        kind=kind,
        table=_name(text.tokens[2]),
        renamed_to=_renamed_to(kind, text, clauses),
        gone=frozenset(name for clause in clauses for name in _gone(clause)),
        changed=frozenset(name for clause in clauses for name in _changed(clause)),
        parents=tuple(dict.fromkeys(_parents(text.tokens))),
        drops_partitions=any(begins(clause, "DROP", "PARTITION") for clause in clauses),
        unbinds=any(_unbinds(clause) for clause in clauses),
    )


def _clauses(text: StatementText) -> Iterator[Sequence[Token]]:
    starts = clause_starts(text)
    for start, following in zip(starts, [*starts[1:], len(text.tokens) + 1], strict=True):
        yield text.tokens[start : following - 1]


def _renamed_to(
    kind: StatementKind, text: StatementText, clauses: Sequence[Sequence[Token]]
) -> str | None:
    if kind is StatementKind.RENAME_TABLE:
        return _name(text.tokens[4])
    for clause in clauses:
        if begins(clause, "RENAME") and not clause[1].is_word("COLUMN", "INDEX", "KEY"):
            return _name(clause[2 if clause[1].is_word("TO", "AS") else 1])
    return None


def _gone(clause: Sequence[Token]) -> Iterator[str]:
    if begins(clause, "DROP", "COLUMN") or begins(clause, "RENAME", "COLUMN"):
        yield _name(clause[2])
    elif begins(clause, "DROP") and not clause[1].is_word(*_NO_COLUMN):
        yield _name(clause[1])
    elif begins(clause, "CHANGE"):
        old, new = clause[2:4] if clause[1].is_word("COLUMN") else clause[1:3]
        if _name(old) != _name(new):
            yield _name(old)


def _changed(clause: Sequence[Token]) -> Iterator[str]:
    if begins(clause, "MODIFY") or begins(clause, "CHANGE"):
        yield _name(clause[2 if clause[1].is_word("COLUMN") else 1])


def _unbinds(clause: Sequence[Token]) -> bool:
    drops_index = begins(clause, "DROP") and clause[1].is_word("INDEX", "KEY", "PRIMARY")
    return drops_index or any(
        token.is_word("ENGINE", "PARTITIONING")
        or (token.is_word("PARTITION") and following.is_word("BY"))
        for token, following in zip(clause, [*clause[1:], clause[0]], strict=True)
    )


def _parents(tokens: Sequence[Token]) -> Iterator[tuple[str | None, str]]:
    for at, token in enumerate(tokens):
        if not token.is_word("REFERENCES"):
            continue
        first, dot, second = (*tokens[at + 1 : at + 4], None, None, None)[:3]
        if first is not None and dot is not None and dot.is_punctuation(".") and second is not None:
            yield first.value, second.value
        elif first is not None:
            yield None, first.value


def _name(token: Token) -> str:
    return identifier(token) or token.value
