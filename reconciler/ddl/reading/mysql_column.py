"""Columns as MySQL 8.0 to 9.7 print them."""

from __future__ import annotations

from reconciler.ddl.quote import unquote_identifier, unquote_string
from reconciler.ddl.reading.column import COLLATION, HEAD, column_pattern, read_groups
from reconciler.ddl.scan import STRING
from reconciler.model.schema import Column

_PATTERN = column_pattern(
    head=HEAD + COLLATION,
    middle=(
        r"( NOT NULL| NULL)?( NOT SECONDARY)?(?: /\*!80003 SRID (\d+) \*/)?"
        r"(?: /\*!50606 STORAGE (DISK|MEMORY) \*/)?"
        r"(?: /\*!50606 COLUMN_FORMAT (FIXED|DYNAMIC) \*/)?"
    ),
    tail=(
        r"(?: ON UPDATE (CURRENT_TIMESTAMP(?:\(\d\))?))?( AUTO_INCREMENT)?"
        rf"( /\*!80023 INVISIBLE \*/)?(?: COMMENT ({STRING}))?"
        rf"(?: /\*!80021 ENGINE_ATTRIBUTE ({STRING}) \*/)?"
        rf"(?: /\*!80021 SECONDARY_ENGINE_ATTRIBUTE ({STRING}) \*/)?"
    ),
)


def read_column(text: str, at: int) -> tuple[Column, int]:
    groups, generated, end = read_groups(_PATTERN, text, at)
    (
        name, sql_type, charset, collation,
        null, not_secondary, srid, storage, column_format, default_sql,
        on_update_sql, auto_increment, invisible, comment, attribute, secondary_attribute,
    ) = groups  # fmt: skip
    assert name is not None
    assert sql_type is not None
    column = Column(
        name=unquote_identifier(name),
        sql_type=sql_type,
        charset=charset,
        collation=collation,
        generated=generated,
        nullable=null != " NOT NULL",
        srid=None if srid is None else int(srid),
        visible=invisible is None,
        default_sql=default_sql,
        on_update_sql=on_update_sql,
        auto_increment=auto_increment is not None,
        comment="" if comment is None else unquote_string(comment),
        column_format=column_format,
        storage=storage,
        engine_attribute=None if attribute is None else unquote_string(attribute),
        secondary_engine_attribute=(
            None if secondary_attribute is None else unquote_string(secondary_attribute)
        ),
        not_secondary=not_secondary is not None,
    )
    return column, end
