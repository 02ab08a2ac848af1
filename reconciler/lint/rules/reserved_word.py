"""A name that is a keyword."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import Place
from reconciler.ddl.words import RESERVED, RESERVED_BY_MARIADB, RESERVED_BY_MYSQL
from reconciler.lint.model import Asked, Found, Rule, Severity

_BY = (
    (RESERVED, "MySQL and MariaDB"),
    (RESERVED_BY_MYSQL, "MySQL"),
    (RESERVED_BY_MARIADB, "MariaDB"),
)


def _check(asked: Asked) -> Iterator[Found]:
    yield from _named(asked.table.name, asked.table.at, None)
    for column in asked.table.columns:
        yield from _named(column.name, column.at, column.name)


def _of_program(name: str, at: Place) -> Iterator[Found]:
    yield from _named(name, at, None)


def _named(name: str, at: Place, about: str | None) -> Iterator[Found]:
    by = next((servers for words, servers in _BY if name.upper() in words), None)
    if by is not None:
        yield Found(message=f"is a reserved word of {by}", at=at, object=about)


RULE = Rule(
    name="reserved-word",
    severity=Severity.WARNING,
    reason="a query that forgets the backquotes fails, perhaps only after an upgrade",
    source="MySQL 9.7 and MariaDB 11.8, asked word by word; Skeema reserved-word",
    check=_check,
    check_name=_of_program,
)
