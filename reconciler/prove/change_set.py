"""Proves a change set: every statement exactly as it will run, on scratch, read back.

A plan without a proof is not written. What comes out are the statements that lead from the
before-state to what git says, each in the cheapest class that the server takes, and with every
reason why it may hurt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.ddl.foreign import ForeignDefinition
from reconciler.ddl.normalize import normalize_table
from reconciler.ddl.programs.event import said_of_events
from reconciler.ddl.programs.kinds import as_shown, used_text
from reconciler.diff.counters import wanted_counters
from reconciler.diff.model import Operation, Step
from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectKind, table_id
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import Hazard, Policy
from reconciler.model.renames import Rename
from reconciler.model.schema import Schema, Table
from reconciler.model.server import ServerVersion
from reconciler.observe.sequences import sequences_for
from reconciler.observe.shards import DefinitionReader
from reconciler.plan.hazards import hazards_of
from reconciler.plan.hazards.statement_context import StatementContext, old_column_names
from reconciler.plan.model import PlannedStatement
from reconciler.ports.world import World
from reconciler.preflight.change import Change
from reconciler.preflight.placed import PlacedChange
from reconciler.prove.chain import Ran
from reconciler.prove.cross_database_children import cross_database_child_findings
from reconciler.prove.engines import Given, give_engines
from reconciler.prove.finding import Finding
from reconciler.prove.known import prove_part_once
from reconciler.prove.limits import PROOF_PARALLEL
from reconciler.prove.managed import prove_managed
from reconciler.prove.part import parts_of
from reconciler.prove.placed import PlacedPrograms, with_programs
from reconciler.prove.programs import program_findings
from reconciler.prove.refusals import left_unplanned
from reconciler.prove.request import (
    NO_CHOICES,
    NO_PROGRAMS,
    EngineChoices,
    ProgramsBetween,
    ProofRequest,
)
from reconciler.prove.triggers import prove_triggers, staying_triggers
from reconciler.prove.unproven import unproven_findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """`after` are the fingerprints, once the statements have run, of the managed tables that they
    change and of those tables' neighbours; `changes` what the statements ask rows about."""

    statements: tuple[PlannedStatement, ...]
    after: tuple[tuple[str, str], ...]
    changes: tuple[PlacedChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFailed:
    """Every part that could not be proven, with its reason."""

    refusals: tuple[Refusal, ...]


def _reader(
    policy: Policy,
    desired: Schema,
    renames: tuple[Rename, ...],
    claimed: Collection[str],
    programs: ProgramsBetween,
) -> DefinitionReader:
    """Of what scratch shows: as live definitions are read."""
    counters, names = wanted_counters(desired, renames), [table.name for table in desired.tables]
    events = said_of_events(read.value for read in programs.after.values())
    return DefinitionReader(policy, counters, names, claimed, events)


def prove_change_set(
    world: World,
    *,
    observed: Sequence[ObservedShard],
    before: Schema,
    desired: Schema,
    steps: Sequence[Step],
    policy: Policy,
    renames: tuple[Rename, ...] = (),
    engines: EngineChoices = NO_CHOICES,
    claimed: Collection[str] = (),
    programs: ProgramsBetween = NO_PROGRAMS,
) -> Proven | ProofFailed:
    """`observed` are the shards that share the before-state; `before` and `desired` are the
    managed tables, those of engines that are `claimed` among them, and `programs` the managed
    programs. Raises Unavailable or Refused where no scratch server can be had."""
    request = ProofRequest(
        observed=tuple(_without_managed(shard, programs) for shard in observed),
        texts=dict(observed[0].definitions),
        steps=tuple(steps),
        desired=desired,
        policy=policy,
        renames=renames,
        reader=_reader(policy, desired, renames, claimed, programs),
        sequences=_sequences(observed[0], desired, programs),
        engines=engines,
        programs=programs,
    )
    parts = parts_of(request.steps, request.texts, desired)
    tables = frozenset().union(*(part.tables for part in parts))
    unplanned = left_unplanned(request, before, tables)
    if unplanned:
        return ProofFailed(refusals=unplanned)
    results = world.workers.map(
        lambda part: prove_part_once(world, request, part), parts, parallel=PROOF_PARALLEL
    )
    refusals = tuple(result for result in results if isinstance(result, Refusal))
    if refusals:
        return ProofFailed(refusals=refusals)
    proven = (ran for result in results if not isinstance(result, Refusal) for ran in result)
    # Parts do not know each other, so their statements can be put back into the order of the diff;
    # the sort keeps what one step was split into together.
    statements = sorted(proven, key=lambda ran: ran.place)
    findings = (
        *program_findings(world.scratch, request, tables, statements),
        *cross_database_child_findings(request, statements),
        *unproven_findings(request, statements),
    )
    given = give_engines(request, statements)
    placed = prove_managed(world.scratch, request, tables, statements)
    triggers = prove_triggers(world.scratch, request, tables, statements)
    if unable := tuple(one for one in (*given, placed, triggers) if isinstance(one, Refusal)):
        return ProofFailed(refusals=unable)
    assert isinstance(placed, PlacedPrograms), "not a refusal"
    assert isinstance(triggers, PlacedPrograms), "not a refusal"
    placed = placed.with_triggers(triggers)
    findings = (*findings, *placed.findings)
    found = [one for one in given if isinstance(one, Given)]
    planned = [_planned(one, request, findings) for one in found]
    return Proven(
        statements=tuple(with_programs(planned, placed)),
        after=tuple(sorted(request.wanted(tables).items())),
        changes=tuple(_changes(found, request, placed)),
    )


def _changes(
    given: Sequence[Given], request: ProofRequest, programs: PlacedPrograms
) -> Iterator[PlacedChange]:
    for place, one in enumerate(given):
        context = _context(one.ran, request)
        change = Change(context=context, settings=request.settings, engine=one.engine)
        yield PlacedChange(change=change, statement=programs.place_of(place))


def _without_managed(shard: ObservedShard, programs: ProgramsBetween) -> ObservedShard:
    """What is managed is no object that stands around the tables; but a trigger that stays as it is
    may lose what it uses, as one that is not managed may."""
    managed = programs.before.keys() - staying_triggers(programs)
    return replace(
        shard, others=tuple(other for other in shard.others if other.object_id not in managed)
    )


def _sequences(
    observed: ObservedShard, desired: Schema, programs: ProgramsBetween
) -> tuple[ForeignDefinition, ...]:
    """Those that a table may take its values from: the shard's, and those that are to come."""
    coming = (
        as_shown(read.value)
        for about, read in programs.after.items()
        if about.kind is ObjectKind.SEQUENCE and about not in programs.before
    )
    return sequences_for((*observed.others, *coming), _uses(observed, desired, programs))


def _uses(observed: ObservedShard, desired: Schema, programs: ProgramsBetween) -> Iterator[str]:
    """Texts that may name a sequence."""
    every = (*programs.before.values(), *programs.after.values())
    yield from (used_text(read.value) for read in every)
    yield from (text for _, text in observed.definitions)
    yield from (c.default_sql for table in desired.tables for c in table.columns if c.default_sql)


def _planned(given: Given, request: ProofRequest, findings: Iterable[Finding]) -> PlannedStatement:
    found = tuple(finding.hazard for finding in findings if finding.ran is given.proven)
    ran = given.ran
    return PlannedStatement(
        object_id=table_id(ran.step.table),
        operation=ran.step.operation,
        sql=ran.sql,
        execution=ran.execution,
        effects=ran.effects,
        hazards=(*found, *_hazards(ran, request)),
        session=ran.step.session,
        engine=given.engine,
    )


def _hazards(ran: Ran, request: ProofRequest) -> tuple[Hazard, ...]:
    if ran.step.operation is Operation.CREATE_TABLE:
        return ()
    return hazards_of(_context(ran, request))


def _context(ran: Ran, request: ProofRequest) -> StatementContext:
    """Both ends in canonical form, in which each column says its character set."""
    step = ran.step
    return StatementContext(
        step=replace(
            step,
            before=_canonical(step.before, request.version),
            after=_canonical(step.after, request.version),
        ),
        clauses=ran.clauses,
        execution=ran.execution,
        old_columns=old_column_names(request.steps, step.table),
    )


def _canonical(table: Table | None, version: ServerVersion) -> Table | None:
    return normalize_table(table, version) if table is not None else None
