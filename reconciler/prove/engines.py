"""Each proven statement with the engine that will carry it out on the shards.

The proof is the server's own DDL on scratch; an engine that copies runs the same clauses on an
empty copy of the table, so that it comes to the same definition or to an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.diff.model import Operation
from reconciler.diff.statement import alter_sql
from reconciler.guard.model import Refusal
from reconciler.model.engine import TRAITS, EngineName
from reconciler.model.object_id import table_id
from reconciler.plan.engines.choose import NoEngine, choose_engine
from reconciler.plan.engines.question import EngineQuestion
from reconciler.plan.hazards.statement_context import StatementContext, old_column_names
from reconciler.plan.model import ExecutionClass, Lock
from reconciler.plan.words import named_shards
from reconciler.prove.chain import Ran
from reconciler.prove.request import EngineChoices, ProofRequest

_COPIED = ExecutionClass(lock=Lock.NONE, rebuilds=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A statement and its engine; `ran` is as that engine carries it out."""

    proven: Ran
    ran: Ran
    engine: EngineName


def give_engines(
    request: ProofRequest, statements: Sequence[Ran]
) -> tuple[Given, ...] | tuple[Refusal, ...]:
    """Each statement's engine, in order; or why some have none."""
    given, refusals = [], []
    for ran in statements:
        chosen = _chosen(request, ran)
        if isinstance(chosen, NoEngine):
            refusals.append(_no_engine(request, ran, chosen))
        else:
            given.append(Given(proven=ran, ran=_as_carried_out(ran, chosen), engine=chosen))
    return tuple(refusals) or tuple(given)


def _chosen(request: ProofRequest, ran: Ran) -> EngineName | NoEngine:
    if ran.step.operation is not Operation.ALTER_TABLE:
        return EngineName.DIRECT
    choices = request.engines
    return choose_engine(
        EngineQuestion(
            context=StatementContext(
                step=ran.step,
                clauses=ran.clauses,
                execution=ran.execution,
                old_columns=old_column_names(request.steps, ran.step.table),
            ),
            version=request.version,
            size_bytes=choices.size_bytes.get(_observed_name(ran)),
            is_behind_vitess=choices.is_behind_vitess,
            triggers=_triggers(choices, ran),
            children=choices.children.get(_observed_name(ran), ()),
            tables=tuple(sorted(choices.tables | {one.name for one in request.desired.tables})),
            keeps_old=choices.rules.keep_old_s > 0,
        ),
        choices.rules,
        choices.reviewed.get(ran.effects[0]),
    )


def _triggers(choices: EngineChoices, ran: Ran) -> tuple[str, ...]:
    """PG-36: those that are there are known by the name that the table has on the shards, and those
    that git wants by the one that it gets."""
    names = dict.fromkeys((_observed_name(ran), ran.step.table))
    return tuple(dict.fromkeys(found for name in names for found in choices.triggers.get(name, ())))


def _observed_name(ran: Ran) -> str:
    """A statement may come after the one that renames its table."""
    return ran.step.before.name if ran.step.before is not None else ran.step.table


def _as_carried_out(ran: Ran, engine: EngineName) -> Ran:
    if not TRAITS[engine].copies:
        return ran
    return replace(ran, sql=alter_sql(ran.step.table, ran.clauses), execution=_COPIED)


def _no_engine(request: ProofRequest, ran: Ran, found: NoEngine) -> Refusal:
    table, shards = ran.step.table, [shard.shard for shard in request.observed]
    reasons = ". ".join(f"{name}: {_sentence(why)}" for name, why in found.reasons)
    return Refusal(
        code="engine-cannot",
        shard=shards[0],
        object_id=table_id(table),
        message=f"{named_shards(shards)}, table {table}: no engine that the spec names for this"
        f" statement can take it. {reasons}",
        recovery=f"name one that can in the spec, such as `engine: {{tables: {{{table}: direct}}}}`"
        " for the server's own DDL, or split the change",
        observed=ran.sql,
    )


def _sentence(reasons: Iterable[str]) -> str:
    return "; ".join(reasons)
