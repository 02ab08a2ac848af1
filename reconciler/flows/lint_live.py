"""What rules say of tables as shards have them: beside `drift`, and nothing is decided by it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from reconciler.ddl.counter import counter_in
from reconciler.errors import ReconcilerError
from reconciler.flows.lint import baseline_of
from reconciler.flows.lint_ground import keyspace_of
from reconciler.lint.judge import judge
from reconciler.lint.model import LiveTable
from reconciler.lint.rules import unused_index
from reconciler.model.index_use import IndexUse
from reconciler.observe.shards import SeenShard
from reconciler.outcomes.files import LintOutcome
from reconciler.spec.load import DesiredFiles
from reconciler.spec.tree import FileTree


def lint_live(
    files: DesiredFiles,
    tree: FileTree,
    seen: Sequence[SeenShard],
    count: Callable[[Collection[str]], Mapping[str, IndexUse]],
) -> LintOutcome:
    """Of every table that has a file. `count` asks shards how often their indexes were read, where
    a rule wants to know it."""
    name, settings, tables = files.spec.keyspace, files.spec.lint, len(files.files)
    try:
        known = baseline_of(tree, settings.baseline)
    except ReconcilerError as error:
        return LintOutcome(keyspace=name, tables=tables, problems=error.problems)
    live: dict[str, dict[str, LiveTable]] = {}
    is_counted = settings.is_asked(unused_index.RULE)
    use = count([shard.shard for shard in seen]) if is_counted else {}
    for shard in seen:
        for table, found in _live_tables(shard, use.get(shard.shard)).items():
            live.setdefault(table.lower(), {})[shard.shard] = found
    if not live:
        return LintOutcome(keyspace=name, tables=tables)
    judgement = judge(replace(keyspace_of(files), live=live), settings, baseline=known)
    return LintOutcome(
        keyspace=name,
        tables=tables,
        looked_at=judgement.tables,
        remarks=judgement.remarks,
        listed=judgement.listed,
        excepted=judgement.excepted,
        baseline=settings.baseline,
    )


def _live_tables(shard: SeenShard, use: IndexUse | None) -> dict[str, LiveTable]:
    facts = dict(shard.observation.facts)
    texts = dict(shard.observation.definitions)
    return {
        table: LiveTable(
            counter=counter_in(texts[table]),
            counting=next((c.sql_type for c in read.table.columns if c.auto_increment), None),
            rows=facts[table].rows if table in facts else None,
            reads=use.tables.get(table) if use else None,
            up_s=use.up_s if use else 0,
        )
        for table, read in shard.definitions.items()
        if table in texts
    }
