"""Every case of `tests/cases/views/` runs there and back on every server: proven, run on a
database, read back after each statement, and planned again, which finds nothing.

flavor: mysql mariadb            the servers (default: both)
hazards: <kind> <object>, ...    of the statements of views on the way there, where they matter
expect: refusal <words>          the way there is refused, with these words in the reason
--- from                         statements that make one end, each ended by a semicolon
--- to                           and those of the other
--- order                        words, one a line, that come in this order in what is sent
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from reconciler.diff.schema_diff import diff_schemas
from reconciler.edges.server.process import RunningServer
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.policy import Policy
from reconciler.model.programs import ManagedKind
from reconciler.observe.shards import DefinitionReader, SeenShard, read_all
from reconciler.plan.model import PlannedStatement
from reconciler.prove.change_set import ProofFailed, Proven, prove_change_set
from reconciler.prove.request import ViewsBetween
from tests.integration.proving import Bench, bench_on
from tests.sections import CaseText, case_texts

CASES = case_texts("views")
POLICY = Policy(manage=(ManagedKind.TABLES, ManagedKind.VIEWS))
FLAVORS = {"mysql_server": "mysql", "mariadb_server": "mariadb", "mariadb_10_server": "mariadb"}


@pytest.fixture(scope="module")
def benches(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Bench]]:
    found: dict[str, Bench] = {}
    with ExitStack() as opened:
        for name in FLAVORS:
            server: RunningServer = request.getfixturevalue(name)
            found[name] = opened.enter_context(bench_on(server))
        yield found


@pytest.mark.invariant("PG-2")
@pytest.mark.invariant("PG-3")
@pytest.mark.parametrize(
    ("case", "server"),
    [
        pytest.param(case, server, id=f"{case.name}-{server.removesuffix('_server')}")
        for case in CASES
        for server, flavor in FLAVORS.items()
        if flavor in case.headers.get("flavor", "mysql mariadb").split()
    ],
)
def test_a_case_converges_both_ways(
    case: CaseText, server: str, benches: Mapping[str, Bench]
) -> None:
    bench = benches[server]
    with bench.database(case.statements("from")) as here:
        start = look(bench, here)
        with bench.database(case.statements("to")) as there:
            goal = look(bench, there)
        proof = proven(bench, start, goal)
        expected = case.headers.get("expect")
        if expected is not None:
            assert isinstance(proof, ProofFailed)
            assert expected.removeprefix("refusal ") in proof.refusals[0].message
            return
        assert isinstance(proof, Proven), proof
        check_told(case, proof.statements)
        run(bench, here, proof)
        back = proven(bench, look(bench, here), start)
        assert isinstance(back, Proven), back
        run(bench, here, back)
        assert look(bench, here).fingerprints == start.fingerprints


def look(bench: Bench, database: str) -> SeenShard:
    (seen,), refusals = read_all([bench.observe(database)], DefinitionReader(POLICY))
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
        views=ViewsBetween(before=start.views, after=goal.views),
    )


def run(bench: Bench, database: str, proof: Proven) -> None:
    """Each statement leaves behind what the plan says, of every object."""
    state: dict[ObjectId, str | None] = {**look(bench, database).fingerprints}
    bench.execute(f"USE `{database}`")
    for statement in proof.statements:
        if (made := statement.session.created_with) is not None:
            bench.execute(f"SET character_set_client = {made.character_set_client}")
            bench.execute(f"SET collation_connection = {made.collation_connection}")
        bench.execute(statement.sql)
        bench.execute("SET NAMES utf8mb4")
        for effect in statement.effects:
            assert state.get(effect.object_id) == effect.before, statement.sql
            state[effect.object_id] = effect.after
        there = {about: found for about, found in state.items() if found is not None}
        assert look(bench, database).fingerprints == there, statement.sql


def check_told(case: CaseText, statements: tuple[PlannedStatement, ...]) -> None:
    places = [
        next(at for at, one in enumerate(statements) if words in one.sql)
        for words in case.lines("order")
    ]
    assert places == sorted(places), [one.sql for one in statements]
    if (told := case.headers.get("hazards")) is not None:
        of_views = (one for one in statements if one.object_id.kind is ObjectKind.VIEW)
        found = [f"{h.kind} {h.object}" for one in of_views for h in one.hazards]
        assert found == [words.strip() for words in told.split(",") if words.strip()]
