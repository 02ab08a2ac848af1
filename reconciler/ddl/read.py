"""Definitions read strictly: what is read must render back to the text it was read from.

The text is what SHOW CREATE TABLE prints in a session with sql_mode without ANSI_QUOTES and
NO_BACKSLASH_ESCAPES, sql_quote_show_create=1, show_create_table_verbosity=0 and utf8mb4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier, unquote_identifier
from reconciler.ddl.reading import mariadb_column, mysql_column
from reconciler.ddl.reading.constraint import read_check, read_foreign_key
from reconciler.ddl.reading.index import read_index
from reconciler.ddl.reading.options import read_options
from reconciler.ddl.reading.partitioning import read_partitioning
from reconciler.ddl.render import printed_texts, render_table
from reconciler.ddl.scan import NAME, defined_table, expect, is_too_large, not_understood
from reconciler.ddl.verbatim import verbatim_pieces
from reconciler.errors import Problem, Refused
from reconciler.limits import DEFINITION_BYTES_MAX
from reconciler.model.schema import Check, Column, ForeignKey, Index, Table
from reconciler.model.server import Flavor, ServerVersion

_FRAME = re.compile(rf"CREATE TABLE ({NAME}) \(\n  ")
_PERIOD = re.compile(rf"PERIOD FOR (?:SYSTEM_TIME|{NAME}) \({NAME}, {NAME}\)")
_CONSTRAINT_KIND = re.compile(r"CONSTRAINT `.*?` (FOREIGN KEY|CHECK) \(", re.DOTALL)
# Options, comments and partitions of these engines hold logins of other servers in plain text.
_ROWS_ELSEWHERE = re.compile(
    r"^\) (?:ENGINE=(?:FEDERATED|CONNECT|SPIDER)\b|.* CONNECTION='\w+://)", re.MULTILINE
)
_SEPARATOR = ",\n  "
_END = "\n)"
_READ_COLUMN = {
    Flavor.MYSQL: mysql_column.read_column,
    Flavor.MARIADB: mariadb_column.read_column,
}


@dataclass(slots=True)
class _Items:
    """What stands between the brackets, as it is found."""

    columns: list[Column] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


def holds_login(text: str) -> bool:
    """Whether a server's SHOW CREATE TABLE may hold the login of another one."""
    return _ROWS_ELSEWHERE.search(text) is not None


def without_login(text: str) -> str:
    """The same, where it may hold one, without all that could be one; refused as it is itself."""
    if not holds_login(text):
        return text
    return f"CREATE TABLE {quote_identifier(defined_table(text) or '')} (\n) ENGINE=CONNECT"


def read_table(text: str, version: ServerVersion) -> Table:
    """The table that `text`, a server's SHOW CREATE TABLE, defines.

    Raises `Refused` with code "definition-not-understood" for any text that the value read from it
    does not give back byte for byte; with code "definition-elsewhere" if it may hold a login, and
    "definition-too-large" if no file could hold it.
    """
    if is_too_large(text):
        raise _too_large(text)
    if holds_login(text):
        raise _rows_elsewhere(text)
    frame = expect(_FRAME, text, 0)
    items, at = _read_items(text, frame.end(), version)
    options, system_versioned, at = read_options(text, at, version.flavor)
    partitioning, at = read_partitioning(text, at, version.flavor)
    table = Table(
        name=unquote_identifier(frame[1]),
        columns=tuple(items.columns),
        indexes=tuple(items.indexes),
        foreign_keys=tuple(items.foreign_keys),
        checks=tuple(items.checks),
        options=options,
        partitioning=partitioning,
        periods=tuple(items.periods),
        system_versioned=system_versioned,
    )
    if any(printed == text for printed in printed_texts(table, version)):
        _check_verbatim(table, text)
        return table
    printed = render_table(table, version)
    return not_understood(text, _first_difference(text, printed), printed)


# Only these can begin a comment, or end one that the server printed around a clause.
_COMMENT_SIGNS = re.compile(r"/\*|\*/|--|#")


def _check_verbatim(table: Table, text: str) -> None:
    """What is kept as it was printed holds no comment: servers take them out of expressions, and
    one that is executable would be read by nobody but the server that it is sent to."""
    for piece in verbatim_pieces(table):
        if _COMMENT_SIGNS.search(piece) is None:
            continue
        for token in tokenize(piece):
            if token.text in _PRINTED_COMMENTS:
                continue
            if token.executable or token.kind in _IN_COMMENTS or token.text == ";":
                not_understood(text, max(0, text.find(piece)))
            if token.text == "*" and piece[token.offset : token.offset + 2] == "*/":
                not_understood(text, max(0, text.find(piece)))


# MariaDB 11.8 prints it between the word TIMESTAMP and its literal; it says nothing.
_PRINTED_COMMENTS = frozenset({"/*WITH LOCAL TIME ZONE*/"})
_IN_COMMENTS = (TokenKind.COMMENT, TokenKind.UNTERMINATED, TokenKind.UNKNOWN)


def _read_items(text: str, at: int, version: ServerVersion) -> tuple[_Items, int]:
    items = _Items()
    read_column = _READ_COLUMN[version.flavor]
    while True:
        match text[at : at + 1]:
            case "`":
                column, at = read_column(text, at)
                items.columns.append(column)
            case "C":
                at = _read_constraint(text, at, version, items)
            case "P" if period := _PERIOD.match(text, at):
                items.periods.append(period.group())
                at = period.end()
            case _:
                index, at = read_index(text, at)
                items.indexes.append(index)
        if not text.startswith(_SEPARATOR, at):
            break
        at += len(_SEPARATOR)
    if not text.startswith(_END, at):
        not_understood(text, at)
    return items, at + len(_END)


def _read_constraint(text: str, at: int, version: ServerVersion, items: _Items) -> int:
    match expect(_CONSTRAINT_KIND, text, at)[1]:
        case "FOREIGN KEY":
            key, at = read_foreign_key(text, at, version)
            items.foreign_keys.append(key)
        case _:
            check, at = read_check(text, at)
            items.checks.append(check)
    return at


def _too_large(text: str) -> Refused:
    size = f"{len(text.encode()):,}"
    return Refused(
        Problem(
            code="definition-too-large",
            message=f"table {defined_table(text) or '?'}: the server's definition has {size} bytes,"
            f" and no more than {DEFINITION_BYTES_MAX:,} are read",
            recovery="see what makes it that long (comments, lists of values, partitions) and have"
            " less of it, or leave the table to other means with `ignore_tables`",
        )
    )


def _rows_elsewhere(text: str) -> Refused:
    """PL-12: not a word of the definition; it would stand in plans, reports and pulled files."""
    return Refused(
        Problem(
            code="definition-elsewhere",
            message=f"table {defined_table(text) or '?'!r}: its rows are on another server, and its"
            " definition may hold a login there: it is neither read nor shown",
            recovery="leave this table to other means with `ignore_tables`",
        )
    )


def _first_difference(text: str, printed: str) -> int:
    pairs = enumerate(zip(text, printed, strict=False))
    shorter = min(len(text), len(printed))
    return next((at for at, (a, b) in pairs if a != b), shorter)
