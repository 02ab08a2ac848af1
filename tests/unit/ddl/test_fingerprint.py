"""Fingerprints stay, whatever machine or order they are made on. That no attribute is invisible to
one is in tests/unit/diff/test_every_attribute.py."""

from __future__ import annotations

from reconciler.ddl.fingerprint import schema_fingerprint, table_fingerprint
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.schema import Column, Table
from reconciler.model.server import Flavor, ServerVersion

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)
MARIADB = ServerVersion(Flavor.MARIADB, 11, 8, 6)
TABLE = Table(name="t", columns=(Column(name="a", sql_type="int"),))


def test_a_fingerprint_looks_like_one_and_stays() -> None:
    expected = "5b9c2ad16f9de527baa5230a7153e3d42f9926f4aef4ce7cd86d79512532a786"
    assert table_fingerprint(TABLE, MYSQL) == f"sha256:{expected}"


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
