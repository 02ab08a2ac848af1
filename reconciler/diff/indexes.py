"""Clauses that turn one set of indexes into another.

The order of indexes is the server's own business (it sorts them by kind), with one exception:
without a primary key, the first UNIQUE key over columns that are never NULL is the clustered one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.render import index_sql
from reconciler.diff.dependants import columns_used
from reconciler.diff.implicit_indexes import covered_by_indexes
from reconciler.diff.model import Clause, ClauseKind
from reconciler.diff.pairing import by_name, name_key
from reconciler.diff.renames import OldNames
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.schema import Index, IndexKind, Table
from reconciler.model.server import Flavor, ServerVersion

_OWN_NUMBERS = "FTS_DOC_ID_INDEX"  # by which rows are known that FULLTEXT finds


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexClauses:
    """Drops stand before the columns' clauses, the rest behind; `beforehand` are in an ALTER of
    their own, `afterwards` each.

    `copies`: only a copy of the table makes the clustered key the one that is wanted, or has rows
    known to FULLTEXT by a column that shows: a hidden one stays when such indexes go, unseen, and
    is in the way (1280).
    """

    beforehand: tuple[Clause, ...]
    drops: tuple[Clause, ...]
    changes: tuple[Clause, ...]
    adds: tuple[Clause, ...]
    afterwards: tuple[Clause, ...]
    copies: bool


def index_clauses(
    before: Table,
    after: Table,
    written: Table,
    old_names: OldNames,
    rebuilt: frozenset[str],
    unsettled: frozenset[str],
    version: ServerVersion,
) -> IndexClauses:
    """`before` has its new names already, `written` is `after` as printed. Indexes on `rebuilt`
    columns are made again, and so are those that compute with `unsettled` ones."""
    old, new = by_name(before.indexes), by_name(after.indexes)
    redone = {
        key
        for key in old.keys() & new.keys()
        if _is_another(old[key], new[key])
        or _uses(old[key], rebuilt, unsettled)
        or _loses_innodb(before, after)
    }
    displaced = covered_by_indexes(
        [old[key] for key in new if key in old and key not in redone],
        [index for key, index in new.items() if key not in old or key in redone],
        (*before.foreign_keys, *after.foreign_keys),
    )
    redone |= {name_key(index.name) for index in displaced}
    in_the_way = _spatial_in_the_way(before, after)
    redone |= in_the_way & new.keys()
    reordered = _before_clustered_key(before, after, redone)
    redone |= reordered
    adds, afterwards = _adds(old, new, by_name(written.indexes), redone, version)
    changes = _changes(old, new, redone, old_names, _first_keys(before), version.flavor)
    gone = {key: index for key, index in old.items() if key not in new or key in redone}
    return IndexClauses(
        beforehand=(
            *changes.beforehand,
            *(
                replace(_drop(index, old_names), bound_to=None)
                for key, index in gone.items()
                if key in in_the_way
            ),
        ),
        drops=tuple(
            _drop(index, old_names) for key, index in gone.items() if key not in in_the_way
        ),
        changes=changes.along,
        adds=adds,
        afterwards=(*changes.afterwards, *afterwards),
        copies=bool(reordered) or any(clause.object == _OWN_NUMBERS for clause in adds),
    )


def renew_index(index: Index, written: Index, version: ServerVersion) -> tuple[Clause, Clause]:
    """DROP and ADD of an index that stays as it is, which ends its mark of being implicit."""
    return _drop(index, {}), _add(index, written, version)


def _is_another(old: Index, new: Index) -> bool:
    """Whether the difference takes a new index; visibility alone does not."""
    return replace(old, visible=new.visible) != new


def _spatial_in_the_way(before: Table, after: Table) -> frozenset[str]:
    """SPATIAL indexes over a column whose SRID changes: MySQL refuses even if the same ALTER drops
    them (3644)."""
    new = by_name(after.columns)
    changing = {
        key
        for key, column in by_name(before.columns).items()
        if key in new and column.srid != new[key].srid
    }
    return frozenset(
        key
        for key, index in by_name(before.indexes).items()
        if index.kind is IndexKind.SPATIAL
        and any(part.column and name_key(part.column) in changing for part in index.parts)
    )


def _loses_innodb(before: Table, after: Table) -> bool:
    """InnoDB hides the KEY_BLOCK_SIZE of its indexes, and the next engine would have it show."""
    return before.option("ENGINE") == "InnoDB" != after.option("ENGINE")


def _uses(index: Index, columns: frozenset[str], computed: frozenset[str]) -> bool:
    return any(
        name_key(part.column) in columns
        if part.column is not None
        else not (columns | computed).isdisjoint(columns_used(part.expression or ""))
        for part in index.parts
    )


def _before_clustered_key(before: Table, after: Table, redone: set[str]) -> frozenset[str]:
    """Unique keys to make again so that the wanted one comes first: every candidate there is."""
    wanted = [name_key(index.name) for index in _clustered_candidates(after)]
    if not wanted:
        return frozenset()
    old = by_name(before.indexes)
    kept = [key for key in old if key in wanted and key not in redone]
    added = [key for key in wanted if key not in kept]
    first = (kept + added)[0]
    return frozenset() if first == wanted[0] else frozenset(kept)


def _first_keys(table: Table) -> frozenset[str]:
    """Keys that may stand for a primary one: no server hides that in the ALTER that makes another
    or lets its columns be NULL (3522 on MySQL, 4174 on MariaDB)."""
    return frozenset(name_key(index.name) for index in _clustered_candidates(table))


def _clustered_candidates(table: Table) -> list[Index]:
    if any(index.kind is IndexKind.PRIMARY for index in table.indexes):
        return []
    columns = by_name(table.columns)
    return [
        index
        for index in table.indexes
        if index.kind is IndexKind.UNIQUE
        and all(
            part.column is not None
            and part.length is None
            and not columns[name_key(part.column)].nullable
            for part in index.parts
        )
    ]


def _drop(index: Index, old_names: OldNames) -> Clause:
    name = old_names.get(index.name, index.name)
    primary = index.kind is IndexKind.PRIMARY
    sql = "DROP PRIMARY KEY" if primary else f"DROP KEY {quote_identifier(name)}"
    return Clause(kind=ClauseKind.DROP_INDEX, object=name, sql=sql, bound_to=_group(index))


def _add(index: Index, written: Index, version: ServerVersion) -> Clause:
    """With the words of the file that the normal form leaves out, so that live prints them too."""
    spelled = replace(index, using=written.using, key_block_size=written.key_block_size)
    sql = f"ADD {index_sql(spelled, version)}"
    return Clause(kind=ClauseKind.ADD_INDEX, object=index.name, sql=sql, bound_to=_group(index))


def _adds(
    old: dict[str, Index],
    new: dict[str, Index],
    written: dict[str, Index],
    redone: set[str],
    version: ServerVersion,
) -> tuple[tuple[Clause, ...], tuple[Clause, ...]]:
    """One FULLTEXT index at a time (error 1795), and none in the ALTER that drops its like: MySQL
    then keeps the old one with its parser, as it keeps the KEY_BLOCK_SIZE of any index."""
    adds: list[Clause] = []
    afterwards: list[Clause] = []
    fulltext_added = False
    for key, index in new.items():
        if key in old and key not in redone:
            continue
        clause = _add(index, written[key], version)
        fulltext = index.kind is IndexKind.FULLTEXT
        resized = key in old and old[key].key_block_size != index.key_block_size
        if resized or (fulltext and (fulltext_added or key in redone)):
            afterwards.append(replace(clause, bound_to=None))
        else:
            adds.append(clause if key in redone else replace(clause, bound_to=None))
            fulltext_added |= fulltext
    return tuple(adds), tuple(afterwards)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """Of indexes that stay: what goes with the table's ALTER, and what not."""

    beforehand: tuple[Clause, ...]
    along: tuple[Clause, ...]
    afterwards: tuple[Clause, ...]


def _changes(
    old: dict[str, Index],
    new: dict[str, Index],
    redone: set[str],
    old_names: OldNames,
    first_keys: frozenset[str],
    flavor: Flavor,
) -> _Changes:
    """Renames and visibility; MySQL takes both of one index in two statements only (1176). So an
    index is shown under its old name and hidden under its new one: at no time is one hidden that
    stands for the primary key, as `first_keys` do until another one does.

    A new letter case takes a third name in between on MariaDB: renamed at once, InnoDB keeps the
    old case, and no longer alters the table in place (11.8).
    """
    beforehand: list[Clause] = []
    along: list[Clause] = []
    afterwards: list[Clause] = []
    for key, index in new.items():
        if key not in old or key in redone:
            continue
        old_name = old_names.get(index.name)
        if old_name is not None and flavor is Flavor.MARIADB and name_key(old_name) == key:
            between = f"{index.name[: IDENTIFIER_CHARS_MAX - 2]}__"
            along.append(_rename(old_name, between))
            afterwards.append(_rename(between, index.name))
        elif old_name is not None:
            along.append(_rename(old_name, index.name))
        if old[key].visible == index.visible:
            continue
        if old_name is not None and index.visible:
            beforehand.append(_set_visibility(replace(index, name=old_name), flavor))
        elif old_name is not None or (key in first_keys and not index.visible):
            afterwards.append(_set_visibility(index, flavor))
        else:
            along.append(_set_visibility(index, flavor))
    return _Changes(beforehand=tuple(beforehand), along=tuple(along), afterwards=tuple(afterwards))


def _rename(old_name: str, new_name: str) -> Clause:
    names = f"{quote_identifier(old_name)} TO {quote_identifier(new_name)}"
    return Clause(
        kind=ClauseKind.RENAME_INDEX,
        object=new_name,
        sql=f"RENAME INDEX {names}",
        renamed_from=old_name,
    )


def _set_visibility(index: Index, flavor: Flavor) -> Clause:
    hidden, shown = (
        ("IGNORED", "NOT IGNORED") if flavor is Flavor.MARIADB else ("INVISIBLE", "VISIBLE")
    )
    to = shown if index.visible else hidden
    sql = f"ALTER INDEX {quote_identifier(index.name)} {to}"
    return Clause(kind=ClauseKind.ALTER_INDEX, object=index.name, sql=sql)


def _group(index: Index) -> str:
    return f"index {index.name}"
