"""Tables of other databases of the same server that refer to a shard's tables by foreign keys.

They are not ours, and yet the server refuses to drop or change what they refer to. InnoDB's own
list is complete whatever the login may read, but takes PROCESS; MariaDB's catalogue of foreign keys
would open every table of the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
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
from reconciler.model.dependents import Reference
from reconciler.model.observation import CrossDatabaseChild, keys_alone
from reconciler.model.schema import Table
from reconciler.model.server import Flavor, ServerVersion

_LIST = {Flavor.MYSQL: "INNODB_FOREIGN", Flavor.MARIADB: "INNODB_SYS_FOREIGN"}
# Names are `database/table`; as text, two databases that differ by case alone would be one.
_REFERENCES = (
    "SELECT ID, FOR_NAME, REF_NAME FROM information_schema.{list}"
    " WHERE CAST(SUBSTRING_INDEX(FOR_NAME, '/', 1) AS BINARY)"
    " <> CAST(SUBSTRING_INDEX(REF_NAME, '/', 1) AS BINARY)"
)

# Of one table: `REF_NAME` is compared as the server has it, which on MariaDB is a file's name.
_REFERENCES_TO = (
    "SELECT f.ID, f.FOR_NAME, f.REF_NAME, c.REF_COL_NAME FROM information_schema.{list} f"
    " JOIN information_schema.{list}_COLS c ON c.ID = f.ID WHERE {is_parent}"
)
_IS_PARENT = {
    Flavor.MYSQL: "f.REF_NAME = CONCAT(%s, '/', %s)",
    Flavor.MARIADB: "HEX(f.REF_NAME) ="
    " CONCAT(HEX(CONVERT(%s USING filename)), '2F', HEX(CONVERT(%s USING filename)))",
}

# A table by its database and name.
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A foreign key's name, its child and its parent."""

    name: str
    child: _Place
    parent: _Place


class CrossDatabaseChildren:
    """Remembers for the length of one look at a fleet."""

    def __init__(self) -> None:
        self._by_flavor: Mapping[Flavor, OncePerServer[frozenset[_Pair]]] = {
            flavor: OncePerServer(partial(_references, flavor=flavor)) for flavor in Flavor
        }

    def of(
        self, link: Link, server: ServerLook, database: str
    ) -> tuple[CrossDatabaseChild, ...] | None:
        """Of the tables of `database`; None where the login may not see them. Raises LinkLost."""
        version = server.settings.version
        references = self._by_flavor[version.flavor].of(link, server.identity)
        if references is None:
            return None
        parents: dict[_Place, set[str]] = {}
        for pair in references:
            owner, parent = pair.parent
            if owner == database:
                parents.setdefault(pair.child, set()).add(parent)
        return tuple(
            _child(link, version, child, database, tuple(sorted(parents[child])))
            for child in sorted(parents)
        )

    def references(self, link: Link, server: ServerLook, database: str) -> tuple[Reference, ...]:
        """The foreign keys of those tables. Raises LinkLost."""
        found = self._by_flavor[server.settings.version.flavor].of(link, server.identity)
        named = (
            Reference(database=child[0], table=child[1], name=pair.name, parent=pair.parent[1])
            for pair in found or ()
            for child in (pair.child,)
            if pair.parent[0] == database
        )
        return tuple(sorted(named, key=lambda one: (one.place, one.name)))


def read_references(
    link: Link, flavor: Flavor, database: str, tables: Iterable[str]
) -> tuple[Reference, ...]:
    """Foreign keys of any table of the server that refer to one of the tables, now. Raises
    ServerRefusal (it takes PROCESS) or LinkLost."""
    wanted = sorted(tables)
    is_parent = " OR ".join([_IS_PARENT[flavor]] * len(wanted))
    sql = _REFERENCES_TO.format(list=_LIST[flavor], is_parent=is_parent)
    rows = link.query(sql, [part for table in wanted for part in (database, table)], width=4)
    decode = _decoder(link, {text(name) for row in rows for name in row[1:3]}, flavor)
    columns: dict[_Pair, set[str]] = {}
    for key, child, parent, referred in rows:
        pair = _Pair(_constraint(key), decode(text(child)), decode(text(parent)))
        columns.setdefault(pair, set()).add(text(referred))
    return tuple(
        Reference(
            database=None if pair.child[0] == pair.parent[0] else pair.child[0],
            table=pair.child[1],
            name=pair.name,
            parent=pair.parent[1],
            parent_columns=frozenset(columns[pair]),
        )
        for pair in sorted(columns, key=lambda one: (one.child, one.name))
        if not is_scratch_name(pair.child[0])
    )


def _references(link: Link, *, flavor: Flavor) -> frozenset[_Pair] | None:
    """Every foreign key of the server that leaves its database."""
    try:
        rows = link.query(_REFERENCES.format(list=_LIST[flavor]), width=3)
    except ServerRefusal:
        return None
    decode = _decoder(link, {text(name) for row in rows for name in row[1:]}, flavor)
    found = (
        _Pair(_constraint(key), decode(text(child)), decode(text(parent)))
        for key, child, parent in rows
    )
    return frozenset(pair for pair in found if not is_scratch_name(pair.child[0]))


def _constraint(key: object) -> str:
    """InnoDB's id is `database/name`; the name is as it was written, even on MariaDB."""
    return text(key).partition("/")[2]


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
) -> CrossDatabaseChild:
    owner, name = place
    shown = f"SHOW CREATE TABLE {quote_identifier(owner)}.{quote_identifier(name)}"
    table: Table | None
    try:
        table = _reduced(read_table(text(link.row(shown, width=2)[1]), version), database, version)
    except (ServerRefusal, ReconcilerError):
        table = None  # hidden from this login, or nothing this reader knows
    return CrossDatabaseChild(database=owner, name=name, parents=parents, table=table)


def _reduced(child: Table, database: str, version: ServerVersion) -> Table:
    """What of the child a change of its parent is held against."""
    child = normalize_table(child, version)  # each column says its character set then
    keys = (key for key in child.foreign_keys if key.parent_database == database)
    return keys_alone(child, tuple(replace(key, parent_database=None) for key in keys))
