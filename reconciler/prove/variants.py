"""What SHOW CREATE TABLE does not tell, and live tables differ in: the other states to prove in.

- An index may have been made by InnoDB for a foreign key: it prints like any other, and goes away
  when another one covers it (MySQL 8.0-9.7, MariaDB).
- A table without a printed ROW_FORMAT has the one that was the default when it was made; COMPACT
  and REDUNDANT take shorter index columns than DYNAMIC (767 bytes, 3,072 bytes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from reconciler.ddl.quote import quote_identifier, quote_identifiers
from reconciler.diff.model import ClauseKind, Step
from reconciler.diff.pairing import name_key
from reconciler.model.observation import ObservedShard
from reconciler.model.schema import ForeignKey, Index, IndexKind, Table

_BLIND_TO_INDEXES = frozenset(
    {
        ClauseKind.ADD_COLUMN,
        ClauseKind.SET_DEFAULT,
        ClauseKind.ADD_CHECK,
        ClauseKind.DROP_CHECK,
        ClauseKind.ALTER_CHECK,
    }
)
_OPTIONS = re.compile(r"(?m)^(\) (?:/\*!50100 TABLESPACE .*?\*/ )?ENGINE=InnoDB)")
_OWN_NAME = r"{table}_ibfk_\d+"


def may_meet_mark(step: Step) -> bool:
    """Whether a step can tell an index that InnoDB made by itself from one that was asked for."""
    return any(clause.kind not in _BLIND_TO_INDEXES for clause in step.clauses)


def text_with_implicit_indexes(text: str, table: Table) -> str | None:
    """The definition with the indexes left out that InnoDB makes by itself; None if it has none."""
    lines = text.split("\n")
    dropped: set[str] = set()
    unnamed: set[str] = set()
    for key in table.foreign_keys:
        own_name = re.fullmatch(_OWN_NAME.format(table=re.escape(table.name)), key.name)
        for index in table.indexes:
            if not _serves(index, key):
                continue
            if name_key(index.name) == name_key(key.name):
                dropped.add(_line_of(index))
            elif own_name and name_key(index.name) == name_key(key.columns[0]):
                # Named like its column: then the foreign key was given no name either.
                dropped.add(_line_of(index))
                unnamed.add(f"CONSTRAINT {quote_identifier(key.name)} ")
    if not dropped:
        return None
    body = [line.removesuffix(",") for line in lines[1:] if line.startswith("  ")]
    behind = lines[1 + len(body) :]
    kept = [_without(line, unnamed) for line in body if line not in dropped]
    return "\n".join([lines[0], ",\n".join(kept), *behind])


def text_with_row_format(text: str, row_format: str) -> str:
    return _OPTIONS.sub(rf"\1 ROW_FORMAT={row_format.upper()}", text, count=1)


def older_row_formats(
    observed: Sequence[ObservedShard], tables: Iterable[str], texts: Mapping[str, str]
) -> dict[str, str]:
    """Tables whose actual format on some shard is neither printed nor what a new one would get."""
    found: dict[str, str] = {}
    wanted = set(tables)
    for shard in observed:
        default = shard.settings.variable("innodb_default_row_format") or "dynamic"
        for table, facts in shard.facts:
            actual = facts.row_format
            if table not in wanted or actual is None or actual.lower() == default.lower():
                continue
            text = texts.get(table, "")
            if actual.lower() in ("compact", "redundant") and "ROW_FORMAT=" not in text:
                found[table] = actual
    return found


def _serves(index: Index, key: ForeignKey) -> bool:
    """Whether the index is just what InnoDB would make for the foreign key."""
    columns = tuple(name_key(part.column or "") for part in index.parts)
    plain = not any(part.length or part.descending for part in index.parts)
    return (
        index.kind is IndexKind.PLAIN
        and plain
        and columns == tuple(map(name_key, key.columns))
        and not index.comment
        and index.visible
    )


def _line_of(index: Index) -> str:
    columns = tuple(part.column or "" for part in index.parts)
    return f"  KEY {quote_identifier(index.name)} ({quote_identifiers(columns)})"


def _without(line: str, unnamed: set[str]) -> str:
    for constraint in unnamed:
        if line.startswith(f"  {constraint}"):
            return line.replace(constraint, "", 1)
    return line
