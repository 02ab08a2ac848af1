"""The questions that a change raises, of a table as a real server has it before and afterwards."""

from __future__ import annotations

from dataclasses import replace

from reconciler.ddl.normalize import normalize_table
from reconciler.diff.model import Step
from reconciler.diff.schema_diff import diff_schemas
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import Policy
from reconciler.model.schema import Schema, Table
from reconciler.model.server import ServerSettings
from reconciler.observe.shards import DefinitionReader
from reconciler.plan.hazards.statement_context import StatementContext, old_column_names
from reconciler.plan.model import Algorithm, ExecutionClass
from reconciler.preflight.change import Change
from reconciler.preflight.model import Probe
from reconciler.preflight.questions import probes_of

READER = DefinitionReader(Policy())


def steps_and_probes(
    table: str, before: ObservedShard, after: ObservedShard, *, copies: bool
) -> tuple[tuple[Step, ...], tuple[Probe, ...]]:
    """`copies`: whether the statements are such as copy the table."""
    settings = before.settings
    texts = [dict(seen.definitions)[table] for seen in (before, after)]
    old, new = (READER.read(text, settings.version).table for text in texts)
    steps = diff_schemas(
        Schema(tables=(old,)),
        Schema(tables=(new,)),
        policy=Policy(),
        renames=(),
        version=settings.version,
    ).steps
    algorithm = Algorithm.COPY if copies else Algorithm.INPLACE
    probes = tuple(
        probe
        for place, step in enumerate(steps)
        for probe in probes_of(
            Change(
                context=StatementContext(
                    step=_canonical(step, settings),
                    clauses=step.clauses,
                    execution=ExecutionClass(algorithm=algorithm),
                    old_columns=old_column_names(steps, table),
                ),
                settings=settings,
            ),
            place,
        )
    )
    return steps, probes


def _canonical(step: Step, settings: ServerSettings) -> Step:
    def of(table: Table | None) -> Table | None:
        return None if table is None else normalize_table(table, settings.version)

    return replace(step, before=of(step.before), after=of(step.after))
