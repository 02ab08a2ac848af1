"""Every table with what becomes of its rows, and whether each row's key can be told (SP-5, SP-8).

Whoever copies reads a column's bytes as they are stored, and an application hashes what it has in
its hands: a column is taken only where the two are the same for every value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import InvalidInput, Location, Problem, nearest
from reconciler.model.key_function import KeyFunctionName
from reconciler.model.schema import Column, Table
from reconciler.reshard.key_functions.function import KeyFunction, Takes
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from reconciler.spec.model import SpecFile, TableClass

_INTEGERS = frozenset(["tinyint", "smallint", "mediumint", "int", "bigint"])
_BYTES = frozenset(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"])
_TEXTS = frozenset(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"])
# Where the bytes that are stored are those of UTF-8, which applications and Vitess hash.
_AS_UTF8 = frozenset(["utf8mb4", "utf8mb3", "utf8", "ascii"])
_FIRST_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Classing:
    """`classes` are those of the tables that are there, by name; whole only without `problems`.
    `notes` are for whoever reviews: what is taken, and may surprise."""

    classes: tuple[TableClass, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def class_tables(
    tables: Sequence[Table], classes: Sequence[TableClass], function: KeyFunction
) -> Classing:
    """`tables` are all that a shard has, those that policy ignores among them."""
    by_name = {one.table: one for one in classes}
    present = sorted(tables, key=lambda table: table.name)
    problems: list[Problem] = []
    notes: list[str] = []
    for table in present:
        found = by_name.get(table.name)
        if found is None:
            problems.append(_unclassed(table.name))
        elif found.shard_by is not None:
            problems += shard_column_problems(table, found.shard_by, function)
            notes += _notes(table, found.shard_by, function)
    return Classing(
        classes=tuple(by_name[table.name] for table in present if table.name in by_name),
        problems=tuple(problems),
        notes=tuple(notes),
    )


def check_shard_columns(spec: SpecFile, tables: Sequence[Table]) -> None:
    """Of the tables that there shall be, as a server reads their files; a table without a class is
    told by its name, before any server is asked. Raises InvalidInput."""
    if spec.key_function is None:
        return
    function = KEY_FUNCTIONS[spec.key_function]
    columns = {one.table: one.shard_by for one in spec.tables}
    problems = [
        replace(problem, where=Location(path=spec.path))
        for table in tables
        if (shard_by := columns.get(table.name)) is not None
        for problem in shard_column_problems(table, shard_by, function)
    ]
    if problems:
        raise InvalidInput(*problems)


def shard_column_problems(table: Table, shard_by: str, function: KeyFunction) -> Iterator[Problem]:
    """Why the keys of its rows cannot be told, at the first reason."""
    column = _column(table, shard_by)
    about = f"table {table.name}, column {shard_by}"
    if column is None:
        likely = nearest(shard_by, [one.name for one in table.columns])
        yield Problem(
            code="split-key-missing",
            message=f"{about}: the table has no such column to be sharded by",
            recovery=f"write `shard_by: {likely}`, if that is meant"
            if likely
            else "name the column by which the application finds the row's shard",
        )
    elif column.nullable:
        yield Problem(
            code="split-key-nullable",
            message=f"{about}: a row whose column is NULL has no key, and so no shard",
            recovery="make it NOT NULL, in a change of its own",
        )
    elif column.generated is not None:
        yield Problem(
            code="split-key-generated",
            message=f"{about}: a generated column has no value yet where a trigger judges a write",
            recovery="name the column that it is made from, or make it a plain one",
        )
    elif (reason := _type_reason(column, function)) is not None:
        yield Problem(
            code="split-key-type",
            message=f"{about}, of type {column.sql_type}: key function {function.name} takes"
            f" {function.takes}; {reason}",
            recovery="name the column and the function that the application finds shards by",
        )
    elif (reason := _text_reason(table, column, function)) is not None:
        yield Problem(
            code="split-key-text",
            message=f"{about}: {reason}",
            recovery="give the column another character set or collation, in a change of its own,"
            " or name another",
        )


def _unclassed(name: str) -> Problem:
    return Problem(
        code="split-table-unclassed",
        message=f"table {name} is on the shard, and `tables` does not say what becomes of its rows",
        recovery=f"add it to `tables`: `{name}: {{shard_by: <column>}}`, `{{reference: true}}` or"
        " `{excluded: true}`; or drop the table",
    )


def _type_reason(column: Column, function: KeyFunction) -> str | None:
    word = _word(column)
    is_integer = word in _INTEGERS
    if function.takes is not Takes.BYTES:
        if not is_integer:
            return "this is none"
        if function.takes is Takes.SIGNED and _is_wide_unsigned(column):
            return f"its upper half has no key: use {KeyFunctionName.NUMERIC}"
        return None
    if is_integer and "zerofill" in column.sql_type:
        return "servers print this one with zeros before it, and applications need not"
    if is_integer or word in _BYTES | _TEXTS:
        return None
    return "this one's text is not the same everywhere"


def _text_reason(table: Table, column: Column, function: KeyFunction) -> str | None:
    if _word(column) not in _TEXTS:
        return None
    charset, collation = _charset(table, column), _collation(table, column)
    if charset not in _AS_UTF8:
        return f"it is stored in {charset or 'an unknown character set'}, and hashed as UTF-8"
    if function.name is KeyFunctionName.XXHASH and not _is_bytewise(collation):
        return (
            f"by its collation ({collation or 'the default of ' + charset}) two spellings are"
            " equal, and xxhash gives them different keys"
        )
    return None


def _notes(table: Table, shard_by: str, function: KeyFunction) -> Iterator[str]:
    column = _column(table, shard_by)
    if column is None:
        return
    about = f"table {table.name}, column {column.name}"
    word = _word(column)
    if function.takes is Takes.NOT_NEGATIVE and "unsigned" not in column.sql_type:
        yield f"{about}: a row whose column is below zero has no key, and stops the copy"
    if word in _TEXTS:
        collation = _collation(table, column)
        if not _is_bytewise(collation):
            yield (
                f"{about}: by its collation ({collation or 'the default'}) two spellings may be"
                " equal, and have different keys: rows that count as equal may be on two shards"
            )
        elif not collation.endswith("0900_bin"):
            yield f"{about}: with and without blanks at its end it is equal, and has different keys"
    if word == "binary":
        yield (
            f"{about}: shorter values are stored with zero bytes behind them, and hashed with them"
        )


def _column(table: Table, name: str) -> Column | None:
    """Servers do not tell the case of columns' names apart."""
    return next((one for one in table.columns if one.name.lower() == name.lower()), None)


def _word(column: Column) -> str:
    found = _FIRST_WORD.match(column.sql_type)
    return found[0] if found else ""


def _is_wide_unsigned(column: Column) -> bool:
    return column.sql_type.startswith("bigint") and "unsigned" in column.sql_type


def _charset(table: Table, column: Column) -> str:
    """'' where neither the column nor the table says one."""
    if column.charset is not None:
        return column.charset
    if column.collation is not None:
        return column.collation.partition("_")[0]
    return table.option("DEFAULT CHARSET") or ""


def _collation(table: Table, column: Column) -> str:
    """'' for the default one of its character set, which never compares bytes."""
    if column.collation is not None:
        return column.collation
    return "" if column.charset is not None else table.option("COLLATE") or ""


def _is_bytewise(collation: str) -> bool:
    return collation.endswith("_bin")
