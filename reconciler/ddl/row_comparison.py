"""SQL that compares a table's rows with those of its copy, a stretch of the key at a time.

Rule: one statement sees both tables at one moment (an InnoDB read view is a statement's), so what
differs is what the copy has not followed yet, or never will. What a row holds never leaves the
server: rows are told apart by digests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from reconciler.ddl import key_walk
from reconciler.ddl.quote import quote_identifier

_NO_TEXT = frozenset(
    {
        *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring"),
        *("multipolygon", "geomcollection", "geometrycollection", "vector"),
    }
)
# As `preflight/walks.py` says, with variables of the session no stretch of such a key can be named.
_NO_ORDER = frozenset({"enum", "set", "time", "year", "float", "double"})
# Of MySQL alone: takes texts of utf8mb4 for the same where their bytes are, spaces at the end too.
BYTEWISE = "utf8mb4_0900_bin"
# A value that does not fit is refused by a server in strict mode, never rounded.
_NEVER_ROUNDED = frozenset(
    {
        *("tinyint", "smallint", "mediumint", "int", "bigint", "bit", "enum", "set"),
        *("char", "varchar", "tinytext", "text", "mediumtext", "longtext"),
        *("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveColumn:
    """A column as information_schema tells it. `charset` and `collation` are '' for what is no
    text."""

    name: str
    data_type: str
    charset: str = ""
    collation: str = ""
    column_type: str = ""
    is_generated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTable:
    """`keys` are the unique ones whose columns are whole and never NULL, the primary key first."""

    name: str
    columns: tuple[LiveColumn, ...]
    keys: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> LiveColumn | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowComparison:
    """`pairs` are the columns of the table and of its copy that must be equal; `left_out` those
    that are in both and are not compared, in words. `has_bytewise`: the server has the collation
    BYTEWISE."""

    table: str
    copy: str
    key: tuple[tuple[LiveColumn, LiveColumn], ...]
    pairs: tuple[tuple[LiveColumn, LiveColumn], ...]
    left_out: tuple[str, ...] = ()
    has_bytewise: bool = False


def comparison_of(
    table: LiveTable,
    copy: LiveTable,
    *,
    other_values: Collection[str],
    narrowed: Collection[str],
    has_bytewise: bool,
) -> RowComparison | None:
    """None: no key tells which row is which. `other_values` are columns whose rows are meant to get
    other values, `narrowed` those whose type holds less than before."""
    both = [(old, new) for old in table.columns if (new := copy.column(old.name)) is not None]
    out = {
        old.name: why for old, new in both if (why := _left_out(old, new, other_values, narrowed))
    }
    by_name = {old.name: (old, new) for old, new in both if old.name not in out}
    shared = [key for key in table.keys if {*key} in [{*other} for other in copy.keys]]
    ordered = [key for key in shared if all(_has_order(by_name.get(name)) for name in key)]
    if not ordered:
        return None
    return RowComparison(
        table=table.name,
        copy=copy.name,
        key=tuple(by_name[name] for name in ordered[0]),
        pairs=tuple(pair for name, pair in by_name.items() if name not in ordered[0]),
        left_out=tuple(f"{name} ({why})" for name, why in out.items()),
        has_bytewise=has_bytewise,
    )


def _left_out(
    old: LiveColumn, new: LiveColumn, other_values: Collection[str], narrowed: Collection[str]
) -> str:
    if old.is_generated or new.is_generated:
        return "computed"
    if old.name in other_values:
        return "gets other values"
    if old.data_type == new.data_type == "set" and not _keeps_order(old, new):
        return "its members are in another order"
    is_rounded = not {old.data_type, new.data_type} <= _NEVER_ROUNDED
    return "is rounded" if old.name in narrowed and is_rounded else ""


def _keeps_order(old: LiveColumn, new: LiveColumn) -> bool:
    """A set is told in the order of its members, and those that are new come last."""
    return new.column_type.startswith(old.column_type.removesuffix(")"))


def _has_order(pair: tuple[LiveColumn, LiveColumn] | None) -> bool:
    return pair is not None and not {pair[0].data_type, pair[1].data_type} & _NO_ORDER


def next_end_sql(
    comparison: RowComparison, *, rows: int, is_first: bool, reads_into: bool
) -> tuple[str, ...]:
    """As in `key_walk`."""
    source = quote_identifier(comparison.table)
    return key_walk.next_end_sql(
        source, _key(comparison), rows=rows, is_first=is_first, reads_into=reads_into
    )


def at_end_sql(comparison: RowComparison) -> str:
    """As in `key_walk`."""
    return key_walk.at_end_sql(_key(comparison))


def go_on_sql(comparison: RowComparison) -> str:
    """As in `key_walk`."""
    return key_walk.go_on_sql(_key(comparison))


def _key(comparison: RowComparison) -> list[str]:
    return [old.name for old, _ in comparison.key]


def equal_sql(comparison: RowComparison, *, is_first: bool, is_last: bool) -> str:
    """How many rows the table has in the stretch, how many of them the copy has just so, and how
    many rows the copy has there, or NULL where its key sorts otherwise: all that has to be known of
    a stretch that is equal, for a tenth less than `stretch_sql` takes."""
    table, copy = quote_identifier(comparison.table), quote_identifier(comparison.copy)
    of_table = _stretch("t.", comparison, is_first=is_first, is_last=is_last, is_copy=False)
    of_copy = _stretch("c.", comparison, is_first=is_first, is_last=is_last, is_copy=True)
    first = quote_identifier(comparison.key[0][1].name)
    is_there = f"c.{first} IS NOT NULL AND {_same_row(comparison)}"
    copied = f"(SELECT COUNT(*) FROM {copy} c WHERE {of_copy})"
    return (
        f"SELECT COUNT(*), COUNT(IF({is_there}, 1, NULL)),"
        f" {copied if _keys_sort_alike(comparison) else 'NULL'}"
        f" FROM {table} t LEFT JOIN {copy} c ON {_on('c.', 't.', comparison, to_copy=True)}"
        f" WHERE {of_table}"
    )


def stretch_sql(
    comparison: RowComparison,
    *,
    is_first: bool,
    is_last: bool,
    differing_max: int,
    is_thorough: bool,
) -> str:
    """('rows', their number, '') and, for each that differs, (how, digest of the key, digest of the
    table's row): 'differs', 'missing' in the copy, and, to be thorough, 'extra' in the copy; else
    ('copied', the number of the copy's rows, ''), which tells whether there is an extra one in a
    fraction of the time."""
    table, copy = quote_identifier(comparison.table), quote_identifier(comparison.copy)
    of_table = _stretch("t.", comparison, is_first=is_first, is_last=is_last, is_copy=False)
    key = [old for old, _ in comparison.key]
    columns = [*key, *(old for old, _ in comparison.pairs)]
    first = quote_identifier(comparison.key[0][1].name)
    in_table = (
        f"(SELECT IF(c.{first} IS NULL, 'missing', 'differs'), {_digest('t.', key)},"
        f" {_digest('t.', columns)} FROM {table} t LEFT JOIN {copy} c"
        f" ON {_on('c.', 't.', comparison, to_copy=True)}"
        f" WHERE {of_table} AND (c.{first} IS NULL OR NOT ({_same_row(comparison)}))"
        f" LIMIT {differing_max})"
    )
    parts = [f"SELECT 'rows', COUNT(*), '' FROM {table} t WHERE {of_table}", in_table]
    of_copy = _stretch("c.", comparison, is_first=is_first, is_last=is_last, is_copy=True)
    if _keys_sort_alike(comparison) and not is_thorough:
        parts.append(f"SELECT 'copied', COUNT(*), '' FROM {copy} c WHERE {of_copy}")
    elif _keys_sort_alike(comparison):
        of_the_copy = [new for _, new in comparison.key]
        parts.append(
            f"(SELECT 'extra', {_digest('c.', of_the_copy)}, '' FROM {copy} c LEFT JOIN {table} t"
            f" ON {_on('t.', 'c.', comparison, to_copy=False)}"
            f" WHERE {of_copy} AND t.{quote_identifier(key[0].name)} IS NULL"
            f" LIMIT {differing_max})"
        )
    return " UNION ALL ".join(parts)


def _keys_sort_alike(comparison: RowComparison) -> bool:
    """Where the key sorts otherwise in the copy, a stretch of the one is no stretch of the
    other."""
    return all(
        (old.charset, old.collation) == (new.charset, new.collation) for old, new in comparison.key
    )


def _stretch(
    alias: str, comparison: RowComparison, *, is_first: bool, is_last: bool, is_copy: bool
) -> str:
    names = _names(alias, comparison, is_copy=is_copy)
    parts = [
        *([] if is_first else [key_walk.behind_sql(names)]),
        *([] if is_last else [key_walk.up_to_sql(names)]),
    ]
    return " AND ".join(parts) or "TRUE"


def _names(alias: str, comparison: RowComparison, *, is_copy: bool) -> list[str]:
    key = [new if is_copy else old for old, new in comparison.key]
    return [alias + quote_identifier(column.name) for column in key]


def _on(mine: str, its: str, comparison: RowComparison, *, to_copy: bool) -> str:
    """Looked up in `mine` by `its` key, in the character set and order of `mine`: so its index
    serves."""
    parts = []
    for old, new in comparison.key:
        here, there = (new, old) if to_copy else (old, new)
        value = its + quote_identifier(there.name)
        if here.collation and (here.charset, here.collation) != (there.charset, there.collation):
            value = f"CONVERT({value} USING {here.charset}) COLLATE {here.collation}"
        parts.append(f"{mine}{quote_identifier(here.name)} = {value}")
    return " AND ".join(parts)


def _same_row(comparison: RowComparison) -> str:
    """Of the key, too, what an order takes for the same though it is not: 'a' and 'A'."""
    bytewise = f" COLLATE {BYTEWISE}" if comparison.has_bytewise else ""
    of_the_key = [pair for pair in comparison.key if pair[0].charset]
    pairs = [*comparison.pairs, *of_the_key]
    return " AND ".join(_same(old, new, bytewise) for old, new in pairs) or "TRUE"


def _same(old: LiveColumn, new: LiveColumn, bytewise: str) -> str:
    is_alike = (old.data_type, old.charset, old.collation) == (
        new.data_type,
        new.charset,
        new.collation,
    )
    is_plain = is_alike and not old.charset and old.data_type not in _NO_TEXT
    is_number = not {old.data_type, new.data_type} & (_NO_TEXT | {"json"}) and not (
        old.charset or new.charset
    )
    if is_plain or is_number:
        return f"t.{quote_identifier(old.name)} <=> c.{quote_identifier(new.name)}"
    if is_alike and old.charset:  # read as they are, which takes a sixth less time
        t, c = f"t.{quote_identifier(old.name)}", f"c.{quote_identifier(new.name)}"
        if bytewise and old.charset == "utf8mb4":  # and bytes that are not copied, a fifth less
            return f"{t}{bytewise} <=> {c}"
        return f"CAST({t} AS BINARY) <=> CAST({c} AS BINARY)"
    return f"{_bytes('t.', old)} <=> {_bytes('c.', new)}"


def _bytes(alias: str, column: LiveColumn) -> str:
    """To the byte: an order of text takes 'a' and 'A' for the same."""
    name = alias + quote_identifier(column.name)
    if column.data_type in _NO_TEXT:
        return f"HEX({name})"
    if column.charset and column.charset != "binary":
        return f"CAST(CONVERT({name} USING utf8mb4) AS BINARY)"
    return f"CAST({name} AS CHAR)" if column.data_type == "json" else f"CAST({name} AS BINARY)"


def _digest(alias: str, columns: Iterable[LiveColumn]) -> str:
    parts: Sequence[str] = [f"IFNULL(HEX({_bytes(alias, one)}), 'N')" for one in columns]
    return f"SHA2(CONCAT_WS('-', {', '.join(parts)}), 256)"
