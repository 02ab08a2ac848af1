"""The classes of tables in a spec, held against the tables of its schema files (SP-5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from reconciler.errors import Problem, nearest
from reconciler.spec.model import SpecFile
from reconciler.spec.yaml_text import Document


def class_problems(
    document: Document, spec: SpecFile, tables: Collection[str]
) -> Iterator[Problem]:
    """`tables` are those that have a file. Where classes are given at all, every table has one; one
    that policy ignores may have one, for it may stand on a shard."""
    if not spec.tables:
        return
    classed = {one.table for one in spec.tables}
    for name in sorted(classed - set(tables)):
        if not any(fnmatchcase(name, pattern) for pattern in spec.policy.ignore_tables):
            likely = nearest(name, sorted(set(tables) - classed))
            yield Problem(
                code="spec-table-unknown",
                message=f"tables: {name!r} is a table that no schema file has",
                recovery=f"did you mean {likely!r}?" if likely else "take it out, or add its file",
                where=document.where_key(("tables", name)),
            )
    for name in sorted(set(tables) - classed):
        yield Problem(
            code="spec-table-unclassed",
            message=f"tables does not say what becomes of table {name!r} where shards are replaced",
            recovery=f"add it: `{name}: {{shard_by: <column>}}`, `{{reference: true}}` or"
            " `{excluded: true}`",
            where=document.where_key(("tables",)),
        )
