"""Tables of other databases of the same server that refer to a shard's tables by foreign keys.

They are not ours, and yet the server refuses to drop or change what they refer to. InnoDB's own
list is complete whatever the login may read, but takes PROCESS; MariaDB's catalogue of foreign keys
would open every table of the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from reconciler.ddl.normalize import normalize_table
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.read import read_table
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.once_per_server import OncePerServer
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reading import text
from reconciler.edges.mysql.scratch_server import is_scratch_name
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.errors import ReconcilerError
from reconciler.model.observation import OutsideChild
from reconciler.model.schema import Column, Table
from reconciler.model.server import Flavor, ServerVersion

_LIST = {Flavor.MYSQL: "INNODB_FOREIGN", Flavor.MARIADB: "INNODB_SYS_FOREIGN"}
# Names are `database/table`; as text, two databases that differ by case alone would be one.
_REFERENCES = (
    "SELECT FOR_NAME, REF_NAME FROM information_schema.{list}"
    " WHERE CAST(SUBSTRING_INDEX(FOR_NAME, '/', 1) AS BINARY)"
    " <> CAST(SUBSTRING_INDEX(REF_NAME, '/', 1) AS BINARY)"
)

# A table by its database and name.
_Place = tuple[str, str]


class OutsideChildren:
    """Remembers for the length of one look at a fleet."""

    def __init__(self) -> None:
        self._by_flavor: Mapping[Flavor, OncePerServer[frozenset[tuple[_Place, _Place]]]] = {
            flavor: OncePerServer(partial(_references, flavor=flavor)) for flavor in Flavor
        }

    def of(self, link: Link, server: ServerLook, database: str) -> tuple[OutsideChild, ...] | None:
        """Of the tables of `database`; None where the login may not see them. Raises LinkLost."""
        version = server.settings.version
        references = self._by_flavor[version.flavor].of(link, server.identity)
        if references is None:
            return None
        parents: dict[_Place, set[str]] = {}
        for child, (owner, parent) in references:
            if owner == database:
                parents.setdefault(child, set()).add(parent)
        return tuple(
            _child(link, version, child, database, tuple(sorted(parents[child])))
            for child in sorted(parents)
        )


def _references(link: Link, *, flavor: Flavor) -> frozenset[tuple[_Place, _Place]] | None:
    """(child, parent) of every foreign key of the server that leaves its database."""
    try:
        rows = link.query(_REFERENCES.format(list=_LIST[flavor]), width=2)
    except ServerRefusal:
        return None
    decode = _decoder(link, {text(name) for row in rows for name in row}, flavor)
    found = ((decode(text(child)), decode(text(parent))) for child, parent in rows)
    return frozenset(pair for pair in found if not is_scratch_name(pair[0][0]))


def _decoder(link: Link, names: Iterable[str], flavor: Flavor) -> Callable[[str], _Place]:
    """MariaDB's InnoDB has names in the character set of file names: `a@002db` for `a-b`."""
    parts = sorted({part for name in names for part in name.split("/", 1)})
    if flavor is Flavor.MYSQL or not parts:
        plain = {part: part for part in parts}
    else:
        columns = ", ".join(["CONVERT(_filename %s USING utf8mb4)"] * len(parts))
        row = link.row(f"SELECT {columns}", parts, width=len(parts))
        plain = dict(zip(parts, map(text, row), strict=True))

    def place(name: str) -> _Place:
        database, _, table = name.partition("/")
        return plain[database], plain[table]

    return place


def _child(
    link: Link, version: ServerVersion, place: _Place, database: str, parents: tuple[str, ...]
) -> OutsideChild:
    owner, name = place
    shown = f"SHOW CREATE TABLE {quote_identifier(owner)}.{quote_identifier(name)}"
    table: Table | None
    try:
        table = _reduced(read_table(text(link.row(shown, width=2)[1]), version), database, version)
    except (ServerRefusal, ReconcilerError):
        table = None  # hidden from this login, or nothing this reader knows
    return OutsideChild(database=owner, name=name, parents=parents, table=table)


def _reduced(child: Table, database: str, version: ServerVersion) -> Table:
    """What of the child a change of its parent is held against."""
    child = normalize_table(child, version)  # each column says its character set then
    keys = [key for key in child.foreign_keys if key.parent_database == database]
    used = {column for key in keys for column in key.columns}
    return Table(
        name=child.name,
        columns=tuple(
            Column(
                name=column.name,
                sql_type=column.sql_type,
                charset=column.charset,
                collation=column.collation,
                nullable=column.nullable,
            )
            for column in child.columns
            if column.name in used
        ),
        foreign_keys=tuple(replace(key, parent_database=None) for key in keys),
        options=(("ENGINE", "InnoDB"),),
    )
