"""Columns as MariaDB 10.6 to 11.8 print them: defaults are expressions, checks may stand inline."""

from __future__ import annotations

import re

from reconciler.ddl.quote import unquote_identifier, unquote_string
from reconciler.ddl.reading.column import COLLATION, HEAD, column_pattern, read_groups
from reconciler.ddl.scan import STRING, closing_bracket
from reconciler.model.schema import Column

_PATTERN = column_pattern(
    head=HEAD + r"(?: /\*M!100301 (COMPRESSED)\*/)?" + COLLATION,
    middle=r"( NOT NULL| NULL)?( INVISIBLE)?",
    tail=(
        r"( WITHOUT SYSTEM VERSIONING)?(?: ON UPDATE (current_timestamp\(\d?\)))?"
        rf"( AUTO_INCREMENT)?( INVISIBLE)?(?: COMMENT ({STRING}))?"
    ),
)
_CHECK = re.compile(r" CHECK (?=\()")


def read_column(text: str, at: int) -> tuple[Column, int]:
    groups, generated, end = read_groups(_PATTERN, text, at)
    (
        name, sql_type, compressed, charset, collation, null, invisible_earlier, default_sql,
        unversioned, on_update_sql, auto_increment, invisible, comment,
    ) = groups  # fmt: skip
    assert name is not None
    assert sql_type is not None
    check_sql = None
    if check := _CHECK.match(text, end):
        end = closing_bracket(text, check.end())
        check_sql = text[check.end() + 1 : end - 1]
    column = Column(
        name=unquote_identifier(name),
        sql_type=sql_type,
        charset=charset,
        collation=collation,
        generated=generated,
        nullable=null != " NOT NULL",
        visible=invisible is None and invisible_earlier is None,
        default_sql=default_sql,
        on_update_sql=on_update_sql,
        auto_increment=auto_increment is not None,
        comment="" if comment is None else unquote_string(comment),
        compressed=compressed,
        check_sql=check_sql,
        system_versioned=unversioned is None,
    )
    return column, end
