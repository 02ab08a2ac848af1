"""Every case of views, routines, sequences and events (`tests/cases/`) runs there and back on every
server: proven, run on a database, read back after each statement, and planned again, which
finds nothing. Many run together (`program_rounds`).

flavor: mysql mariadb            the servers (default: both)
hazards: <kind> <object>, ...    of the statements of programs on the way there, where they matter
expect: refusal <words>          the way there is refused, with these words in the reason
--- from                         statements that make one end, each ended by a semicolon
--- to                           and those of the other
--- order                        words, one a line, that come in this order in what is sent
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import pytest

from reconciler.ddl.statement.trigger import swap_parts
from reconciler.diff.schema_diff import diff_schemas
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.policy import Policy
from reconciler.model.programs import ManagedKind
from reconciler.observe.shards import DefinitionReader, SeenShard, read_all
from reconciler.plan.model import PlannedStatement
from reconciler.prove.change_set import ProofFailed, Proven, prove_change_set
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

KINDS = ("views", "routines", "sequences", "events")
# Kinds have cases of the same name.
CASES = tuple(
    replace(case, name=f"{kind}-{case.name}") for kind in KINDS for case in case_texts(kind)
)
# Every event and trigger has somebody's rights; those of the login that makes the ends of a case.
OWN = "reconciler@127.0.0.1"
POLICY = Policy(
    manage=tuple(ManagedKind),
    definers=((ManagedKind.EVENTS, OWN), (ManagedKind.TRIGGERS, OWN)),
)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Outcomes]]:
    server_of = request.getfixturevalue
    with ExitStack() as opened:
        yield {
            name: Outcomes(
                rounds(cases_of(CASES, flavor)),
                partial(
                    converge,
                    replace(opened.enter_context(bench_on(server_of(name))), policy=POLICY),
                ),
            )
            for name, flavor in FLAVORS.items()
        }


@pytest.mark.invariant("PG-2")
@pytest.mark.invariant("PG-3")
@pytest.mark.parametrize(
    ("case", "server"),
    cases_by_server(CASES),
)
def test_a_case_converges_both_ways(
    case: CaseText, server: str, outcomes: Mapping[str, Outcomes]
) -> None:
    outcomes[server].check(case)


def converge(bench: Bench, found: Round) -> None:
    with bench.database(found.statements("from")) as here:
        start = look(bench, here)
        with bench.database(found.statements("to")) as there:
            goal = look(bench, there)
        proof = proven(bench, start, goal)
        expected = found.members[0].case.headers.get("expect")
        if expected is not None:
            assert isinstance(proof, ProofFailed)
            assert expected.removeprefix("refusal ") in proof.refusals[0].message
            return
        assert isinstance(proof, Proven), proof
        for member in found.members:
            check_told(member, proof.statements)
        run(bench, here, proof)
        back = proven(bench, look(bench, here), start)
        assert isinstance(back, Proven), back
        run(bench, here, back)
        assert look(bench, here).fingerprints == start.fingerprints


READER = DefinitionReader(POLICY)


def look(bench: Bench, database: str) -> SeenShard:
    (seen,), refusals = read_all([bench.observe(database)], READER)
    assert not refusals
    return seen


def proven(bench: Bench, start: SeenShard, goal: SeenShard) -> Proven | ProofFailed:
    found = diff_schemas(
        start.schema,
        goal.schema,
        policy=POLICY,
        renames=(),
        version=start.observation.settings.version,
    )
    assert not found.refusals, found.refusals
    return prove_change_set(
        bench.world,
        observed=(start.observation,),
        before=start.schema,
        desired=goal.schema,
        steps=found.steps,
        policy=POLICY,
        programs=ProgramsBetween(before=start.programs, after=goal.programs),
    )


def run(bench: Bench, database: str, proof: Proven) -> None:
    """Each statement leaves behind what the plan says, of every object: looked at behind each
    statement of a table, and behind the last one of programs in a row."""
    state: dict[ObjectId, str | None] = {**look(bench, database).fingerprints}
    bench.execute(f"USE `{database}`")
    for statement, following in itertools.pairwise([*proof.statements, None]):
        assert statement is not None
        if (made := statement.session.created_with) is not None:
            bench.execute(f"SET character_set_client = {made.character_set_client}")
            bench.execute(f"SET collation_connection = {made.collation_connection}")
            if made.sql_mode is not None:
                bench.execute(f"SET sql_mode = '{made.sql_mode}'")
            if made.time_zone is not None:
                bench.execute(f"SET time_zone = '{made.time_zone}'")
        swap = swap_parts(statement.sql)
        for part in (statement.sql,) if swap is None else swap.every:
            bench.execute(part)
        bench.execute("SET NAMES utf8mb4")
        bench.execute("SET sql_mode = DEFAULT, time_zone = DEFAULT")
        for effect in statement.effects:
            assert state.get(effect.object_id) == effect.before, statement.sql
            state[effect.object_id] = effect.after
        if following is None or following.object_id.kind is ObjectKind.TABLE:
            there = {about: found for about, found in state.items() if found is not None}
            assert look(bench, database).fingerprints == there, statement.sql


def check_told(member: Member, statements: Sequence[PlannedStatement]) -> None:
    case, own = member.case, [one for one in statements if member.has(one.object_id.name)]
    places = [
        next(at for at, one in enumerate(own) if words in one.sql)
        for words in map(member.renamed, case.lines("order"))
    ]
    assert places == sorted(places), (case.name, [one.sql for one in own])
    if (told := case.headers.get("hazards")) is not None:
        of_programs = (one for one in own if one.object_id.kind is not ObjectKind.TABLE)
        hazards = (hazard for one in of_programs for hazard in one.hazards)
        found = [f"{one.kind} {one.object}" for one in hazards if one.needs_permission]
        wanted = [words.split() for words in told.split(",") if words.strip()]
        names = [f"{kind} {member.names.get(name, name)}" for kind, name in wanted]
        assert found == names, case.name
