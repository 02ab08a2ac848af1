"""Every case of `tests/cases/triggers/` runs there and back on every server: proven, run on a
database, read back after each statement, and planned again, which finds nothing. Many run together
(`program_rounds`).

flavor: mysql mariadb            the servers (default: both)
hazards: <kind> <object>, ...    of the statements of triggers on the way there
breaks: <object> ...             that a statement of a table breaks, in the order of the plan
renames: <old> <new>             a table that has another name at the end
--- from                         statements that make one end, each ended by a semicolon
--- to                           and those of the other
--- order                        words, one a line, that come in this order in what is sent
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

import pytest

from reconciler.ddl.statement.trigger import swap_parts
from reconciler.diff.schema_diff import diff_schemas
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.policy import HazardKind, Policy
from reconciler.model.programs import ManagedKind
from reconciler.model.renames import Rename, RenameKind
from reconciler.observe.shards import DefinitionReader, SeenShard, read_all
from reconciler.plan.model import PlannedStatement
from reconciler.prove.change_set import Proven, prove_change_set
from reconciler.prove.request import ProgramsBetween
from tests.integration.program_rounds import (
    FLAVORS,
    Member,
    Outcomes,
    Round,
    cases_by_server,
    cases_of,
    rounds,
)
from tests.integration.proving import Bench, bench_on
from tests.sections import CaseText, case_texts

CASES = case_texts("triggers")
LOOKED_AT = 8
"""Every such swap is looked at in its midst."""


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Outcomes]]:
    with ExitStack() as opened:
        yield {
            name: Outcomes(
                rounds(cases_of(CASES, flavor), shares_tables=False),
                rounder_on(opened.enter_context(bench_on(request.getfixturevalue(name)))).converge,
            )
            for name, flavor in FLAVORS.items()
        }


def rounder_on(bench: Bench) -> Rounder:
    with bench.connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_USER()")
        ((account,),) = cursor.fetchall()
    policy = Policy(
        manage=(ManagedKind.TABLES, ManagedKind.TRIGGERS),
        definers=((ManagedKind.TRIGGERS, account),),
    )
    return Rounder(bench, policy)


@pytest.mark.invariant("PG-20")
@pytest.mark.invariant("PG-21")
@pytest.mark.invariant("PG-22")
@pytest.mark.invariant("PG-33")
@pytest.mark.parametrize(
    ("case", "server"),
    cases_by_server(CASES),
)
def test_a_case_converges_both_ways(
    case: CaseText, server: str, outcomes: Mapping[str, Outcomes]
) -> None:
    outcomes[server].check(case)


class Rounder:
    def __init__(self, bench: Bench, policy: Policy) -> None:
        self._bench, self._policy = bench, policy
        self._reader = DefinitionReader(policy)

    def converge(self, found: Round) -> None:
        bench = self._bench
        with bench.database(found.statements("from")) as here:
            start = self._look(here)
            with bench.database(found.statements("to")) as there:
                goal = self._look(there)
            there_and_back = _renames(found)
            proof = self._proven(start, goal, there_and_back[:1])
            for member in found.members:
                check_told(member, proof.statements)
            self._run(here, proof)
            assert self._look(here).fingerprints == goal.fingerprints
            back = self._proven(self._look(here), start, there_and_back[1:])
            self._run(here, back)
            assert self._look(here).fingerprints == start.fingerprints

    def _look(self, database: str) -> SeenShard:
        (seen,), refusals = read_all([self._bench.observe(database)], self._reader)
        assert not refusals, refusals
        return seen

    def _proven(self, start: SeenShard, goal: SeenShard, renames: tuple[Rename, ...]) -> Proven:
        found = diff_schemas(
            start.schema,
            goal.schema,
            policy=self._policy,
            renames=renames,
            version=start.observation.settings.version,
        )
        assert not found.refusals, found.refusals
        proof = prove_change_set(
            self._bench.world,
            observed=(start.observation,),
            before=start.schema,
            desired=goal.schema,
            steps=found.steps,
            policy=self._policy,
            renames=renames,
            programs=ProgramsBetween(before=start.programs, after=goal.programs),
        )
        assert isinstance(proof, Proven), proof
        return proof

    def _run(self, database: str, proof: Proven) -> None:
        """Each statement leaves behind what the plan says, of every object, and a swap in its
        midst what it says that it passes by: looked at behind each statement of a table, behind
        the last one of triggers in a row, and in the midst of some."""
        bench = self._bench
        state: dict[ObjectId, str | None] = {**self._look(database).fingerprints}
        bench.execute(f"USE `{database}`")
        swaps = 0
        for statement, following in itertools.pairwise([*proof.statements, None]):
            assert statement is not None
            for effect in (*statement.effects, *statement.passes):
                assert state.get(effect.object_id) == effect.before, statement.sql
            if (made := statement.session.created_with) is not None:
                bench.execute(f"SET character_set_client = {made.character_set_client}")
                bench.execute(f"SET collation_connection = {made.collation_connection}")
                bench.execute(f"SET sql_mode = '{made.sql_mode}'")
            swap = swap_parts(statement.sql)
            swaps += swap is not None
            if swap is not None and swaps % LOOKED_AT == 1:
                bench.execute(swap.drop)
                half = {e.object_id: e.after for e in statement.passes}
                self._is_at(database, {**state, **half}, statement)
            for part in (statement.sql,) if swap is None else swap.every:
                bench.execute(part)
            bench.execute("SET NAMES utf8mb4")
            bench.execute("SET sql_mode = DEFAULT")
            state |= {effect.object_id: effect.after for effect in statement.effects}
            if following is None or following.object_id.kind is not ObjectKind.TRIGGER:
                self._is_at(database, state, statement)

    def _is_at(
        self,
        database: str,
        state: Mapping[ObjectId, str | None],
        statement: PlannedStatement,
    ) -> None:
        there = {about: found for about, found in state.items() if found is not None}
        assert self._look(database).fingerprints == there, statement.sql


def _renames(found: Round) -> tuple[Rename, ...]:
    """There and back; nothing where none is renamed."""
    said = found.members[0].case.headers.get("renames")
    if said is None:
        return ()
    ends = said.split()
    return tuple(
        Rename(kind=RenameKind.TABLE, table=new, old=old, new=new)
        for old, new in (ends, reversed(ends))
    )


def check_told(member: Member, statements: Sequence[PlannedStatement]) -> None:
    case, own = member.case, [one for one in statements if member.has(one.object_id.name)]
    places = [
        next(at for at, one in enumerate(own) if words in one.sql)
        for words in map(member.renamed, case.lines("order"))
    ]
    assert places == sorted(places), (case.name, [one.sql for one in own])
    if (broken := case.headers.get("breaks")) is not None:
        of_tables = (h for one in own for h in one.hazards if h.kind is HazardKind.BREAKS_OBJECT)
        assert [h.object for h in of_tables] == broken.split(), case.name
    if (told := case.headers.get("hazards")) is not None:
        of_triggers = (one for one in own if one.object_id.kind is ObjectKind.TRIGGER)
        found = [f"{h.kind} {h.object}" for one in of_triggers for h in one.hazards]
        wanted = [words.split() for words in told.split(",") if words.strip()]
        names = [f"{kind} {member.names.get(name, name)}" for kind, name in wanted]
        assert found == names, case.name
