"""Scratch copies of a before-state: built from what SHOW CREATE TABLE printed, and checked.

Rule: a copy that does not read back as what it was made from is no copy, and proves nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from reconciler.ddl.foreign import ForeignDefinition
from reconciler.ddl.quote import quote_identifier
from reconciler.diff.session import UNCHECKED, StatementSession
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.server import ServerError, ServerSettings
from reconciler.observe.shards import DefinitionReader, ReadDefinition
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.prove.cross_database import parents_for
from reconciler.prove.request import ProofRequest

# What may keep a session from making a table that is there already: a table can be older than its
# server's settings. Each alone, because a server may not know it or a login may not set it.
_RELAXED = (
    ("sql_mode", "''"),
    ("innodb_strict_mode", "OFF"),
    ("sql_require_primary_key", "OFF"),
    ("sql_generate_invisible_primary_key", "OFF"),
    ("restrict_fk_on_non_standard_key", "OFF"),
    ("explicit_defaults_for_timestamp", "ON"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What a copy is made from. `expected` are the fingerprints it must read back with, by table;
    tables that policy ignores are made too, and not held to one. `default_less` are the columns,
    by table, that no CREATE TABLE makes as they are."""

    settings: ServerSettings
    texts: Mapping[str, ForeignDefinition]
    expected: Mapping[str, str]
    default_less: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parents: tuple[tuple[str, ForeignDefinition], ...] = ()  # each with its database's name
    children: tuple[CrossDatabaseChild, ...] = ()
    sequences: tuple[ForeignDefinition, ...] = ()


def original_of(request: ProofRequest, tables: Collection[str]) -> Original:
    """Of those of the tables that may run on scratch; none is held to a fingerprint."""
    texts = {table: made for table, made in request.to_make(tables).items() if made is not None}
    return Original(
        settings=request.settings,
        texts=texts,
        expected={},
        parents=parents_for(request, frozenset(texts)),
        sequences=request.sequences,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCopied:
    """The table that could not be made, with the server's answer or what was read back instead."""

    table: str
    error: ServerError | None = None
    read_back: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A statement with the session it was run in."""

    table: str
    sql: str
    session: StatementSession


@dataclass(slots=True)
class Copy:
    """One scratch database in a known state. `sent` is what took it there from the original."""

    database: ScratchDatabase
    sent: list[Sent] = field(default_factory=list)

    def run(self, statement: Sent) -> ServerError | None:
        error = self.database.execute(statement.sql, statement.session)
        if error is None:
            self.sent.append(statement)
        return error

    def table_ids(self, table: str) -> frozenset[int]:
        return self.database.table_ids(table)


class CopyMaker:
    """Makes copies of one original, all gone when `stack` is closed."""

    def __init__(
        self, scratch: Scratch, original: Original, reader: DefinitionReader, stack: ExitStack
    ) -> None:
        self._scratch = scratch
        self._original = original
        self._reader = reader
        self._stack = stack

    @property
    def original(self) -> Original:
        return self._original

    def make(self) -> Copy | NotCopied:
        """A copy of the original as it is."""
        return self._make(self._original)

    def make_at(self, sent: Sequence[Sent], tables: Collection[str] | None = None) -> Copy:
        """A copy that `sent` was run on, all of which succeeded on another copy before. With
        `tables`, a smaller one that is right for those as far as they stand by themselves."""
        if tables is not None:
            part = replace(
                self._original,
                texts={t: text for t, text in self._original.texts.items() if t in tables},
                expected={t: f for t, f in self._original.expected.items() if t in tables},
            )
            copy = self._make(part)
            own = [statement for statement in sent if statement.table in tables]
            if isinstance(copy, Copy) and all(copy.run(statement) is None for statement in own):
                return copy
        copy = self._make(self._original)
        assert isinstance(copy, Copy), "the same copy was made before"
        for statement in sent:
            error = copy.run(statement)
            assert error is None, "equal copies take equal statements alike"
        return copy

    def read(self, copy: Copy, tables: Iterable[str]) -> dict[str, ReadDefinition]:
        """Those of the tables that exist and are managed."""
        texts = {table: copy.database.definition(table) for table in tables}
        return self._read_all({table: text for table, text in texts.items() if text is not None})

    def read_everything(self, copy: Copy) -> dict[str, ReadDefinition]:
        return self._read_all(copy.database.definitions())

    def _read_all(self, texts: Mapping[str, str]) -> dict[str, ReadDefinition]:
        return {
            table: self._reader.read(text, self._original.settings.version)
            for table, text in sorted(texts.items())
            if self._reader.is_managed(table)
        }

    def _make(self, original: Original) -> Copy | NotCopied:
        database = self._stack.enter_context(self._scratch.database(original.settings))
        return self._build(database, original) or Copy(database)

    def _build(self, database: ScratchDatabase, original: Original) -> NotCopied | None:
        error = database.add_outside_parents(original.parents) if original.parents else None
        if error is not None:
            return NotCopied(table=original.parents[0][1].name, error=error)
        error = (
            database.add_cross_database_children(original.children) if original.children else None
        )
        if error is not None:
            return NotCopied(table=str(original.children[0]), error=error)
        for sequence in original.sequences:
            error = database.make(sequence)
            if error is not None:
                return NotCopied(table=sequence.name, error=error)
        # With checks off, a child may come before its parent, and one without a parent is made too.
        failed = {
            table
            for table, text in original.texts.items()
            if database.make(text, UNCHECKED) is not None
        }
        astray = self._astray(database, original)
        if astray:
            self._drop_defaults(database, original, astray)
            astray = self._astray(database, original)
        failed |= astray.keys()
        return self._build_relaxed(database, original, sorted(failed)) if failed else None

    def _build_relaxed(
        self, database: ScratchDatabase, original: Original, tables: Sequence[str]
    ) -> NotCopied | None:
        """Once more, for what was made under other settings than the server has now."""
        for name, value in _RELAXED:
            database.execute(f"SET @reconciler_{name} = @@SESSION.{name}")
            database.execute(f"SET SESSION {name} = {value}")
        errors = {}
        for table in tables:
            database.execute(f"DROP TABLE IF EXISTS {quote_identifier(table)}", UNCHECKED)
            errors[table] = database.make(original.texts[table], UNCHECKED)
        self._drop_defaults(database, original, self._astray(database, original))
        for name, _ in _RELAXED:
            database.execute(f"SET SESSION {name} = @reconciler_{name}")
        for table, error in errors.items():
            if error is not None:
                return NotCopied(table=table, error=error)
        for table, found in self._astray(database, original).items():
            return NotCopied(table=table, read_back=found.text if found else None)
        return None

    def _astray(
        self, database: ScratchDatabase, original: Original
    ) -> dict[str, ReadDefinition | None]:
        """Tables that did not come out as what they were made from, and how they came out."""
        found = self._read_all(database.definitions())
        return {
            table: found.get(table)
            for table, fingerprint in original.expected.items()
            if table not in found or found[table].fingerprint != fingerprint
        }

    def _drop_defaults(
        self,
        database: ScratchDatabase,
        original: Original,
        astray: Mapping[str, ReadDefinition | None],
    ) -> None:
        """No CREATE TABLE makes a nullable column without a default: only this ALTER does."""
        for table, found in astray.items():
            if found is None:
                continue
            clauses = [
                f"ALTER COLUMN {quote_identifier(column)} DROP DEFAULT"
                for column in original.default_less.get(table, ())
            ]
            if clauses:
                sql = f"ALTER TABLE {quote_identifier(table)} {', '.join(clauses)}"
                database.execute(sql, UNCHECKED)
