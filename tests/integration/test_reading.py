"""Whatever table a real server holds is read, printed back byte for byte, and made again.

A case is a file of `tests/cases/reading/<servers>/`: statements, each ended by a semicolon, run in
a fresh database; every table that then exists is the case. The folder says for which servers: both
flavors, one, or one since a release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from pymysql.cursors import Cursor

from reconciler.ddl.default_less import default_less_columns
from reconciler.ddl.fingerprint import table_fingerprint
from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.normalize import normalize_table
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.read import read_table
from reconciler.ddl.render import create_table_sql, printed_texts
from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion
from tests.conftest import FreshDatabase, ServerOf
from tests.connections import admin_connection
from tests.sections import CASES
from tests.subjects import Subject, subjects

pytestmark = pytest.mark.any_server

TEXTS = CASES / "reading"


@dataclass(frozen=True, slots=True)
class Scratch:
    """Two databases of one server: `first` is filled by the case, `second` from what was read."""

    cursor: Cursor
    version: ServerVersion
    first: str
    second: str

    def definition(self, database: str, table: str) -> str:
        name = f"{quote_identifier(database)}.{quote_identifier(table)}"
        self.cursor.execute(f"SHOW CREATE TABLE {name}")
        row = self.cursor.fetchone()
        assert row is not None
        return str(row[1])

    def make(self, table: Table, like: Table) -> str:
        """Create `table` in the second database; what the server then says of it."""
        name = quote_identifier(table.name)
        self.cursor.execute(f"DROP TABLE IF EXISTS {name}")
        sql = create_table_sql(table, self.version)
        assert not any(token.kind is TokenKind.EXECUTABLE_OPEN for token in tokenize(sql))
        self.cursor.execute(sql)
        for column in default_less_columns(like, self.version):
            drop = f"ALTER COLUMN {quote_identifier(column.name)} DROP DEFAULT"
            self.cursor.execute(f"ALTER TABLE {name} {drop}")
        return self.definition(self.second, table.name)


def cases() -> Iterator[ParameterSet]:
    for path in sorted(TEXTS.glob("*/*.sql")):
        for subject in subjects():
            if is_for(path.parent.name, subject):
                case = f"{path.parent.name}/{path.stem}"
                yield pytest.param(case, subject, id=f"{case}-{subject.name}")


def is_for(folder: str, subject: Subject) -> bool:
    """`both`, `mysql`, `mariadb`, or with the release that brought it, as in `mariadb-11.7`."""
    flavor, _, release = folder.partition("-")
    since = tuple(map(int, release.split("."))) if release else (0,)
    version = subject.version
    return flavor in ("both", subject.flavor) and (version is None or version.at_least(*since))


@pytest.mark.parametrize(("case", "subject"), list(cases()))
def test_every_table_is_understood(
    case: str, subject: Subject, fresh_database: FreshDatabase, server_of: ServerOf
) -> None:
    server = server_of(subject)
    databases = fresh_database(server), fresh_database(server)
    with admin_connection(server) as connection:
        scratch = Scratch(connection.cursor(), server.version, *databases)
        tables = list(tables_of_case(scratch, TEXTS / f"{case}.sql"))
        scratch.cursor.execute(f"USE {scratch.second}")
        for name in tables:
            check_table(scratch, name)


def tables_of_case(scratch: Scratch, path: Path) -> list[str]:
    cursor = scratch.cursor
    cursor.execute(
        "SET sql_mode='NO_ENGINE_SUBSTITUTION,STRICT_TRANS_TABLES', foreign_key_checks=0"
    )
    cursor.execute(f"USE {scratch.first}")
    for statement in statements(path.read_text(encoding="utf-8")):
        cursor.execute(statement)
    cursor.execute("SHOW FULL TABLES WHERE table_type = 'BASE TABLE'")
    return [row[0] for row in cursor.fetchall()]


def statements(text: str) -> Iterator[str]:
    start = 0
    for token in tokenize(text):
        if token.is_punctuation(";"):
            yield text[start : token.offset]
            start = token.offset + 1
    assert not text[start:].strip(), "every statement ends with a semicolon"


def with_charsets_implied(text: str) -> str:
    """MySQL prints a collation in full once it was written; the fingerprint compares the values."""
    return re.sub(r"(?: CHARACTER SET \w+)?(?: COLLATE \w+)?", "", text)


def check_table(scratch: Scratch, name: str) -> None:
    version = scratch.version
    text = scratch.definition(scratch.first, name)
    table = read_table(text, version)
    assert text in printed_texts(table, version)
    assert with_charsets_implied(scratch.make(table, table)) == with_charsets_implied(text)
    canonical = normalize_table(table, version)
    assert normalize_table(canonical, version) == canonical
    again = read_table(scratch.make(canonical, table), version)
    assert normalize_table(again, version) == canonical
    assert table_fingerprint(again, version) == table_fingerprint(table, version)
