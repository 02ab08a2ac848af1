"""Clauses for table options.

An option that the desired table does not print is set to the value that both servers hide. The
charset goes by DEFAULT CHARACTER SET, which leaves every column as it is; CONVERT TO would rewrite
them all, widen TEXT to MEDIUMTEXT and override columns that have a collation of their own.
"""

from __future__ import annotations

from reconciler.ddl.render import option_sql
from reconciler.diff.model import Clause, ClauseKind, DiffRefusal
from reconciler.model.schema import Table

_CHARSET, _COLLATION = "DEFAULT CHARSET", "COLLATE"

# What hides an option again, on MySQL 8.0-9.7 and MariaDB 10.6-11.8 alike.
_HIDDEN = {
    "AUTOEXTEND_SIZE": "0",
    "AVG_ROW_LENGTH": "0",
    "CHECKSUM": "0",
    "COMMENT": "''",
    "COMPRESSION": "''",
    "CONNECTION": "''",
    "DELAY_KEY_WRITE": "0",
    "ENCRYPTION": "'N'",
    "ENGINE_ATTRIBUTE": "''",
    "INSERT_METHOD": "NO",
    "KEY_BLOCK_SIZE": "0",
    "MAX_ROWS": "0",
    "MIN_ROWS": "0",
    "PACK_KEYS": "DEFAULT",
    "PAGE_CHECKSUM": "DEFAULT",
    "ROW_FORMAT": "DEFAULT",
    "SECONDARY_ENGINE": "NULL",
    "SECONDARY_ENGINE_ATTRIBUTE": "''",
    "STATS_AUTO_RECALC": "DEFAULT",
    "STATS_PERSISTENT": "DEFAULT",
    "STATS_SAMPLE_PAGES": "DEFAULT",
    "TRANSACTIONAL": "DEFAULT",
    "UNION": "()",
    "encrypted": "DEFAULT",
    "encryption_key_id": "DEFAULT",
    "page_compressed": "DEFAULT",
    "page_compression_level": "DEFAULT",
}


def default_charset(table: Table) -> tuple[str | None, str | None]:
    return table.option(_CHARSET), table.option(_COLLATION)


def charset_clause(before: Table, after: Table) -> Clause | None:
    """To stand before the columns, which are understood under the new default."""
    if default_charset(before) == default_charset(after):
        return None
    return _clause(_CHARSET, _charset_sql(after))


def is_charset(clause: Clause) -> bool:
    return clause.kind is ClauseKind.TABLE_OPTION and clause.object == _CHARSET


def option_clauses(before: Table, after: Table, written: Table) -> tuple[Clause, ...]:
    """All but the charset. `written` is `after` as its file has it: servers keep the letter case
    of COMPRESSION='zlib'."""
    clauses: list[Clause] = []
    old, new, as_written = (dict(table.options) for table in (before, after, written))
    for name in sorted({*old, *new} - {_CHARSET, _COLLATION}):
        if old.get(name) == new.get(name):
            continue
        value = as_written.get(name) or new.get(name) or _HIDDEN.get(name)
        if value is not None:
            clauses.append(_clause(name, option_sql(name, value)))
    return tuple(clauses)


def option_refusals(before: Table, after: Table) -> tuple[DiffRefusal, ...]:
    """Options that cannot be taken away once they are there."""
    new = dict(after.options)
    return tuple(
        DiffRefusal(
            table=after.name,
            object=name,
            reason=f"{option_sql(name, value)} cannot be taken away: no ALTER TABLE hides it again",
            recovery=f"write {option_sql(name, value)} into the table's file, or make a new table",
        )
        for name, value in before.options
        if name not in new and name not in _HIDDEN
    )


def changes_engine(before: Table, after: Table) -> bool:
    return before.option("ENGINE") != after.option("ENGINE")


def _charset_sql(table: Table) -> str:
    charset, collation = default_charset(table)
    sql = f"DEFAULT CHARACTER SET = {charset}"
    return f"{sql} COLLATE = {collation}" if collation else sql


def _clause(name: str, sql: str) -> Clause:
    return Clause(kind=ClauseKind.TABLE_OPTION, object=name, sql=sql)
