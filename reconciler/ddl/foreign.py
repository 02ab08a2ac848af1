"""Definitions that a shard's server printed, read strictly before a scratch server runs them.

A server that means harm prints what it likes where a view, a sequence or a table of another
database was asked for, and scratch would run it. Rule: what runs there is one statement, of the
kind and the name that were asked for, in the form that servers print and no other (SV-3). What is
not is None here: it is not made, and whoever needs it says that it could not be tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.ddl.lexer import UNREADABLE, TokenKind, tokenize
from reconciler.ddl.local_engines import LOCAL_ENGINES
from reconciler.ddl.quote import doubles_in_keys, unquote_identifier
from reconciler.ddl.read import read_table
from reconciler.ddl.scan import NAME
from reconciler.ddl.second_reader import sees_one_statement
from reconciler.errors import Refused
from reconciler.model.object_id import ObjectKind
from reconciler.model.schema import OtherObject, Partition, Table
from reconciler.model.server import ServerVersion

_VIEW = re.compile(
    r"CREATE ALGORITHM=(?:UNDEFINED|MERGE|TEMPTABLE) SQL SECURITY (DEFINER|INVOKER)"
    rf" VIEW ({NAME})(?: \({NAME}(?:,{NAME})*+\))? AS (?=(?i:select|with|values|\())"
)
_SEQUENCE = re.compile(
    rf"CREATE SEQUENCE ({NAME})(?: as \w+(?: unsigned)?)? start with -?\d+ minvalue -?\d+"
    r" maxvalue -?\d+ increment by -?\d+ (?:cache \d+|nocache) (?:cycle|nocycle) ENGINE=(\w+)"
    r"(?: COMMENT='(?:[^'\\]|\\.|'')*+')?",
    re.DOTALL,
)
_TRIGGER = re.compile(
    rf"CREATE TRIGGER ({NAME}) (?:BEFORE|AFTER) (?:INSERT|UPDATE|DELETE) ON {NAME} FOR EACH ROW "
)
# Options that put rows, or a table's files, somewhere else.
_ELSEWHERE = frozenset({"CONNECTION", "DATA DIRECTORY", "INDEX DIRECTORY", "UNION"})
# Functions that take time, wait for somebody, or reach out of the database, where they are called.
_ACTING = re.compile(
    r"(?i)\b(?:BENCHMARK|GET_LOCK|IS_FREE_LOCK|IS_USED_LOCK|LOAD_FILE|MASTER_GTID_WAIT|"
    r"MASTER_POS_WAIT|RELEASE_ALL_LOCKS|RELEASE_LOCK|SLEEP|SOURCE_POS_WAIT|"
    r"WAIT_FOR_EXECUTED_GTID_SET|WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS|SYS_EVAL|SYS_EXEC)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignDefinition:
    """A text of a shard that was read strictly; made by the functions below and nowhere else, but
    for changes that are ours."""

    name: str
    sql: str


def foreign_table(text: str, name: str, version: ServerVersion) -> ForeignDefinition | None:
    """SHOW CREATE TABLE of the table `name`."""
    try:
        table = read_table(text, version)
    except Refused:
        return None
    if table.name != name or not _stays_here(table) or not _quotes_names(table, version):
        return None
    if acts(text):
        return None
    return ForeignDefinition(name=name, sql=text)


def foreign_object(other: OtherObject) -> ForeignDefinition | None:
    """A view, a trigger or a sequence as it was observed; of a view without its definer's rights:
    whose they are is not on scratch."""
    match other.kind:
        case ObjectKind.VIEW:
            return _view(other.definition, other.name)
        case ObjectKind.TRIGGER:
            return _trigger(other.definition, other.name)
        case ObjectKind.SEQUENCE:
            return _sequence(other.definition, other.name)
        case _:
            return None  # what is checked at its call only is not made on scratch at all


def _view(text: str, name: str) -> ForeignDefinition | None:
    head = _VIEW.match(text)
    if head is None or unquote_identifier(head[2]) != name or not sees_one_statement(text):
        return None
    for token in tokenize(text):
        if token.kind in (*UNREADABLE, TokenKind.COMMENT) or token.text == ";":
            return None
        if token.is_word("INTO", "PROCEDURE"):
            return None
    if acts(text):
        return None
    return ForeignDefinition(name=name, sql=f"{text[: head.start(1)]}INVOKER{text[head.end(1) :]}")


def _trigger(text: str, name: str) -> ForeignDefinition | None:
    """The body is kept as it was written, with its comments; nothing fires it on scratch."""
    head = _TRIGGER.match(text)
    if head is None or unquote_identifier(head[1]) != name:
        return None
    if any(token.kind in UNREADABLE for token in tokenize(text)):
        return None
    return ForeignDefinition(name=name, sql=text)


def _sequence(text: str, name: str) -> ForeignDefinition | None:
    found = _SEQUENCE.fullmatch(text)
    if found is None or found[2].lower() not in LOCAL_ENGINES:
        return None
    if unquote_identifier(found[1]) != name:
        return None
    return ForeignDefinition(name=name, sql=text)


def acts(text: str) -> bool:
    """Whether it calls one of those functions; in strings and backquotes they are only names."""
    if _ACTING.search(text) is None:
        return False
    return any(
        token.kind is TokenKind.WORD and _ACTING.fullmatch(token.text) for token in tokenize(text)
    )


def _stays_here(table: Table) -> bool:
    options = [*table.options, *_partition_options(_partitions(table))]
    engines = [value.lower() for name, value in options if name == "ENGINE"]
    return not any(name in _ELSEWHERE for name, _ in options) and (
        LOCAL_ENGINES.issuperset(engines)
    )


def _partitions(table: Table) -> tuple[Partition, ...]:
    return table.partitioning.partitions if table.partitioning else ()


def _partition_options(partitions: Iterable[Partition]) -> Iterator[tuple[str, str]]:
    for partition in partitions:
        yield from partition.options
        yield from _partition_options(partition.subpartitions)


def _quotes_names(table: Table, version: ServerVersion) -> bool:
    """Whether what it is printed as can be run, whatever its names hold."""
    if doubles_in_keys(version):
        return True
    names = (
        name for key in table.foreign_keys for name in (key.name, *key.columns, *key.parent_columns)
    )
    return not any("`" in name for name in names)
