"""No field of the model is invisible to a fingerprint but for the noise that is listed here."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from reconciler.ddl.fingerprint import schema_fingerprint, table_fingerprint
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.schema import (
    Check,
    Column,
    ForeignKey,
    Generated,
    GeneratedKind,
    Index,
    IndexKind,
    IndexPart,
    Partition,
    Partitioning,
    Table,
)
from reconciler.model.server import Flavor, ServerVersion

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)
MARIADB = ServerVersion(Flavor.MARIADB, 11, 8, 6)

COLUMN = Column(name="a", sql_type="int")
GENERATED = Generated(expression="1", kind=GeneratedKind.VIRTUAL)
PART = IndexPart(column="a")
INDEX = Index(name="k", kind=IndexKind.PLAIN, parts=(PART,))
KEY = ForeignKey(name="f", columns=("a",), parent_table="p", parent_columns=("a",))
CHECK = Check(name="c", expression="(`a` > 0)")
PARTITION = Partition(name="p", values_sql="IN (1)")
PARTITIONING = Partitioning(method_sql="LIST (`a`)", partitions=(PARTITION,))
TABLE = Table(
    name="t",
    columns=(replace(COLUMN, generated=GENERATED),),
    indexes=(INDEX,),
    foreign_keys=(KEY,),
    checks=(CHECK,),
    options=(("ENGINE", "InnoDB"),),
    partitioning=PARTITIONING,
)

# One other value for each field; a new field fails here until somebody says what it means.
ANOTHER: dict[type, dict[str, Any]] = {
    Column: {
        "name": "b", "sql_type": "bigint", "charset": "latin1", "collation": "latin1_bin",
        "generated": None, "nullable": False, "srid": 0, "visible": False, "default_sql": "'1'",
        "on_update_sql": "CURRENT_TIMESTAMP", "auto_increment": True, "comment": "x",
        "column_format": "FIXED", "storage": "DISK", "engine_attribute": "{}",
        "secondary_engine_attribute": "{}", "not_secondary": True, "compressed": "COMPRESSED",
        "check_sql": "`a` > 0", "system_versioned": False,
    },
    Generated: {"expression": "2", "kind": GeneratedKind.STORED},
    IndexPart: {"column": "b", "expression": "1", "length": 1, "descending": True},
    Index: {
        "name": "l", "kind": IndexKind.UNIQUE, "parts": (PART, PART), "using": "RTREE",
        "parser": "ngram", "comment": "x", "visible": False, "engine_attribute": "{}",
        "secondary_engine_attribute": "{}", "period": "p", "options": (("m", "8"),),
    },
    ForeignKey: {
        "name": "g", "columns": ("b",), "parent_table": "q", "parent_columns": ("b",),
        "parent_database": "d", "on_delete": "CASCADE", "on_update": "CASCADE",
    },
    Check: {"name": "d", "expression": "(`a` > 1)", "enforced": False},
    Partition: {
        "name": "q", "values_sql": "IN (2)", "options": (("COMMENT", "'x'"),),
        "subpartitions": (Partition(name="s"),),
    },
    Partitioning: {
        "method_sql": "LIST (`b`)", "count": 2, "subpartition_sql": "HASH (`a`)",
        "subpartition_count": 2, "partitions": (),
    },
    Table: {
        "name": "u", "columns": (COLUMN, COLUMN), "indexes": (), "foreign_keys": (), "checks": (),
        "options": (), "partitioning": None, "periods": ("PERIOD FOR `p` (`a`, `b`)",),
        "system_versioned": True,
    },
}  # fmt: skip

# Without meaning to the server; each has its test in test_normalize.
NOISE = {(Index, "key_block_size"), (Partition, "quoted")}


def holding(value: object) -> Table:
    """A table that differs from TABLE at most in this part of it."""
    match value:
        case Table():
            return value
        case Column():
            return replace(TABLE, columns=(value,))
        case Generated():
            return replace(TABLE, columns=(replace(COLUMN, generated=value),))
        case Index():
            return replace(TABLE, indexes=(value,))
        case IndexPart():
            return replace(TABLE, indexes=(replace(INDEX, parts=(value,)),))
        case ForeignKey():
            return replace(TABLE, foreign_keys=(value,))
        case Check():
            return replace(TABLE, checks=(value,))
        case Partition():
            return replace(TABLE, partitioning=replace(PARTITIONING, partitions=(value,)))
        case Partitioning():
            return replace(TABLE, partitioning=value)
    raise AssertionError(f"{type(value).__name__} is no part of a table")


PARTS = (TABLE, TABLE.columns[0], GENERATED, INDEX, PART, KEY, CHECK, PARTITION, PARTITIONING)
FIELDS = [
    (part, field.name)
    for part in PARTS
    for field in fields(part)
    if (type(part), field.name) not in NOISE
]


@pytest.mark.parametrize("version", [MYSQL, MARIADB], ids=str)
@pytest.mark.parametrize(
    ("part", "field"), FIELDS, ids=[f"{type(part).__name__}.{field}" for part, field in FIELDS]
)
def test_no_field_is_invisible(part: Any, field: str, version: ServerVersion) -> None:
    changed = replace(part, **{field: ANOTHER[type(part)][field]})
    assert table_fingerprint(holding(changed), version) != table_fingerprint(TABLE, version)


@pytest.mark.parametrize(
    "noisy",
    [replace(INDEX, key_block_size=8), replace(PARTITION, quoted=False)],
    ids=["Index.key_block_size", "Partition.quoted"],
)
def test_noise_is_invisible(noisy: object) -> None:
    assert table_fingerprint(holding(noisy), MYSQL) == table_fingerprint(TABLE, MYSQL)


def test_a_fingerprint_looks_like_one_and_stays() -> None:
    table = Table(name="t", columns=(COLUMN,))
    expected = "5b9c2ad16f9de527baa5230a7153e3d42f9926f4aef4ce7cd86d79512532a786"
    assert table_fingerprint(table, MYSQL) == f"sha256:{expected}"


def test_the_flavors_never_share_a_fingerprint() -> None:
    assert table_fingerprint(TABLE, MYSQL) != table_fingerprint(TABLE, MARIADB)


def test_a_schema_is_its_tables_in_any_order() -> None:
    a, b, c = map(table_id, "abc")
    one = {a: "sha256:1", b: "sha256:2"}
    assert schema_fingerprint(one) == schema_fingerprint(dict(reversed(one.items())))
    swapped = {a: "sha256:2", b: "sha256:1"}
    view = {ObjectId(ObjectKind.VIEW, "a"): "sha256:1", b: "sha256:2"}
    for other in ({}, {a: "sha256:1"}, swapped, {b: "sha256:1", c: "sha256:2"}, view):
        assert schema_fingerprint(one) != schema_fingerprint(other)
