"""Tables for the tests of the diff, read from text as the servers print it."""

from __future__ import annotations

from reconciler.ddl.read import read_table
from reconciler.diff.model import SchemaDiff
from reconciler.diff.schema_diff import diff_schemas
from reconciler.diff.statement import step_sql
from reconciler.model.policy import Policy
from reconciler.model.renames import Rename
from reconciler.model.schema import OtherObject, Schema, Table
from reconciler.model.server import Flavor, ServerVersion

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)
MARIADB = ServerVersion(Flavor.MARIADB, 11, 8, 6)
_ENDING = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"


def table(name: str, *items: str, ending: str = "", version: ServerVersion = MYSQL) -> Table:
    """`items` are the lines between the brackets, `ending` what follows the usual options."""
    body = ",\n  ".join(items)
    return read_table(f"CREATE TABLE `{name}` (\n  {body}\n) {_ENDING}{ending}", version)


def schema(*tables: Table, others: tuple[OtherObject, ...] = ()) -> Schema:
    return Schema(tables=tuple(sorted(tables, key=lambda each: each.name)), others=others)


def diff(
    observed: Schema,
    desired: Schema,
    *,
    policy: Policy | None = None,
    renames: tuple[Rename, ...] = (),
    version: ServerVersion = MYSQL,
) -> SchemaDiff:
    return diff_schemas(
        observed, desired, policy=policy or Policy(), renames=renames, version=version
    )


def statements(observed: Schema, desired: Schema) -> list[str]:
    return [step_sql(step) for step in diff(observed, desired).steps]
