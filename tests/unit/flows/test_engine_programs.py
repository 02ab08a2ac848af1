"""A plan that needs a program which is not there, or of another version, is refused by its name; so
is the apply of one that was made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.edges.engines.find import KNOWN_VERSIONS, MachinePrograms
from reconciler.flows.plan import keep_plan, plan_keyspace
from reconciler.flows.verify import verify_keyspace
from reconciler.guard.model import Refusal
from reconciler.model.engine import EngineName
from reconciler.model.server import ServerError, ServerSettings
from reconciler.outcomes.plan import PlanOutcome
from reconciler.ports.world import World
from tests.offline_fleet import (
    SPEC,
    Files,
    ReplayedScratch,
    ScratchTables,
    environment,
    fleet,
    repository,
    world,
)
from tests.unit.edges.engines.test_find import OTHERS, SAYS, program


@dataclass
class CopyingTables(ScratchTables):
    """A server that can do nothing but write every row again."""

    def execute(self, sql: str, session: StatementSession = DEFAULT_SESSION) -> ServerError | None:
        if "ALGORITHM=" in sql and "ALGORITHM=COPY" not in sql:
            return ServerError(number=1846, message="ALGORITHM is not supported. Try COPY.")
        return super().execute(sql, session)


class CopyingScratch(ReplayedScratch):
    @contextmanager
    def database(self, settings: ServerSettings) -> Iterator[ScratchTables]:
        yield CopyingTables()


def machine(folder: Path) -> World:
    """With what is in its folder `bin`, and nothing else."""
    programs = MachinePrograms(environ={"PATH": str(folder / "bin")}, checkout=folder)
    return replace(world(fleet()), scratch=CopyingScratch(), engines=programs)


def files_for(name: EngineName) -> Files:
    return repository(spec=f"{SPEC}engine: {{default: {name}}}\n")


def planned_with(name: EngineName, where: World) -> PlanOutcome:
    keyspace = files_for(name).keyspace()
    return plan_keyspace(
        where,
        keyspace,
        environment(keyspace),
        protected=None,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
    )


@pytest.mark.invariant("EN-10")
@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("name", OTHERS)
def test_a_program_in_a_known_version_is_planned_for(name: EngineName, tmp_path: Path) -> None:
    program(tmp_path / "bin", name, SAYS[name].format(KNOWN_VERSIONS[name][0]))
    made = planned_with(name, machine(tmp_path))
    assert made.refusals == ()
    assert made.plan is not None
    assert {s.engine for c in made.plan.core.change_sets for s in c.statements} == {name}


@pytest.mark.invariant("EN-10")
@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("version", ["0.0.1", "99.0.0", ""], ids=["too old", "unknown", "untold"])
def test_one_of_another_version_is_refused_by_name(
    name: EngineName, version: str, tmp_path: Path
) -> None:
    program(tmp_path / "bin", name, SAYS[name].format(version) if version else "hello")
    (refusal,) = planned_with(name, machine(tmp_path)).refusals
    assert isinstance(refusal, Refusal)
    assert refusal.code == "engine-version-unknown"
    assert f"engine {name}" in refusal.message
    assert (version or "a version that it does not tell") in refusal.message
    assert KNOWN_VERSIONS[name][0] in refusal.message


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("name", OTHERS)
def test_one_that_is_not_there_is_refused_by_name(name: EngineName, tmp_path: Path) -> None:
    (refusal,) = planned_with(name, machine(tmp_path)).refusals
    assert isinstance(refusal, Refusal)
    assert refusal.code == "engine-missing"
    assert f"engine {name}" in refusal.message


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("name", OTHERS)
def test_a_plan_made_where_it_is_there_is_refused_where_it_is_not(
    name: EngineName, tmp_path: Path
) -> None:
    """What apply asks before anything is sent: verify asks the same."""
    files = files_for(name)
    program(tmp_path / "bin", name, SAYS[name].format(KNOWN_VERSIONS[name][0]))
    keep_plan(planned_with(name, machine(tmp_path)), files, files)
    keyspace, elsewhere = files.keyspace(), tmp_path / "elsewhere"
    for says, code in ((None, "engine-missing"), ("0.0.1", "engine-version-unknown")):
        if says is not None:
            program(elsewhere / "bin", name, SAYS[name].format(says))
        where = machine(elsewhere)
        verified = verify_keyspace(where, keyspace, environment(keyspace), tree=files)
        assert [r.code for r in verified.refusals] == [code]
