"""The plan of a move that Vitess carries out: what is shown is what is sent, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import Refused
from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.job import SplitEngine
from reconciler.reshard.plan.check import check_split_core, split_core_errors
from reconciler.reshard.plan.codec import (
    dump_split_plan,
    load_split_plan,
    split_plan_from_core,
)
from reconciler.reshard.plan.compare import compare_split_plans
from reconciler.reshard.plan.model import BaseRoutes, PlannedCommand, SplitCore
from reconciler.reshard.plan.readable import render_readable_split, shows_split
from reconciler.reshard.plan.vitess_words import command_words
from reconciler.reshard.vitess.commands import reshard_command
from reconciler.reshard.vitess.work import ReshardWork
from reconciler.spec.model import TableUse
from tests.sample_split_plans import META, sample_core, sample_reshard_core

CORE = sample_reshard_core()
TRACKED = sample_core()
TEXT = render_readable_split(CORE)
FIRST = CORE.commands[0]


@pytest.mark.invariant("SP-97")
def test_each_command_is_what_the_job_sends_but_for_its_numbers() -> None:
    work = ReshardWork(
        job=41, identity="abcd" * 16, sources=("-80",), targets=("-40", "40-80"), tables=("orders",)
    )
    for command in CORE.commands:
        sent = reshard_command(
            command.step, work, keyspace="store", comparison="some-id", switch_s=20
        )
        shown = [
            word.replace("reconciler_0_PLAN", work.workflow).replace("COMPARISON", "some-id")
            for word in command.arguments
        ]
        assert tuple(shown) == sent


@pytest.mark.invariant("SP-97")
def test_the_readable_plan_shows_every_command_on_a_line_of_its_own() -> None:
    lines = TEXT.splitlines()
    for command in CORE.commands:
        assert f"--   {command_words(command)}" in lines
    assert shows_split(TEXT, CORE)
    assert all(line.startswith("--") for line in lines)


@pytest.mark.invariant("SP-97")
def test_a_readable_plan_that_lacks_a_command_or_shows_another_is_not_the_plans() -> None:
    shown = f"--   {command_words(FIRST)}\n"
    assert shows_split(TEXT, CORE)
    assert not shows_split(TEXT.replace(shown, ""), CORE)
    assert not shows_split(TEXT.replace("--on-ddl=STOP", "--on-ddl=EXEC"), CORE)


@pytest.mark.invariant("PL-12")
def test_a_plan_goes_through_its_file_and_names_no_server() -> None:
    plan = split_plan_from_core(CORE, META)
    content = dump_split_plan(plan)
    assert load_split_plan(content, "x") == plan
    assert b"vtctld:15999" not in content


def test_the_sample_is_sound() -> None:
    assert not list(split_core_errors(CORE))


@pytest.mark.threat("TM-WRITER-36")
@pytest.mark.invariant("SP-97")
@pytest.mark.parametrize(
    "core",
    [
        replace(CORE, engine=SplitEngine.TRACKER),
        replace(CORE, key_function=TRACKED.key_function),
        replace(CORE, base=replace(CORE.base, version=1)),
        replace(CORE, base=replace(CORE.base, version=-1)),
        replace(CORE, base=BaseRoutes(version=0, routes=CORE.base.routes[:1])),
        replace(CORE, statements=TRACKED.statements),
        replace(CORE, commands=()),
        replace(CORE, commands=CORE.commands[1:]),
        replace(CORE, commands=(*CORE.commands, FIRST)),
        replace(CORE, commands=(CORE.commands[1], FIRST, *CORE.commands[2:])),
        replace(CORE, commands=(replace(FIRST, arguments=()), *CORE.commands[1:])),
        replace(CORE, commands=(replace(FIRST, arguments=("",)), *CORE.commands[1:])),
        replace(CORE, tables=()),
        replace(CORE, tables=(replace(CORE.tables[0], use=TableUse.REFERENCE, shard_by=None),)),
        replace(CORE, tables=(replace(CORE.tables[0], key=("id",)),)),
        replace(CORE, approvals=CORE.approvals[:-1]),
        replace(TRACKED, key_function=None),
        replace(TRACKED, statements=()),
        replace(TRACKED, commands=CORE.commands),
        replace(TRACKED, engine=SplitEngine.VITESS_RESHARD),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole(core: SplitCore) -> None:
    with pytest.raises(Refused) as refused:
        check_split_core(core)
    assert refused.value.problems[0].code == "plan-malformed"


@pytest.mark.threat("TM-WRITER-36")
@pytest.mark.invariant("SP-72")
@pytest.mark.parametrize("step", list(ReshardStep))
def test_a_command_that_is_another_refuses_and_is_named(step: ReshardStep) -> None:
    def forced(command: PlannedCommand) -> PlannedCommand:
        if command.step is not step:
            return command
        return replace(command, arguments=(*command.arguments, "--force"))

    other = replace(CORE, commands=tuple(map(forced, CORE.commands)))
    [refusal] = compare_split_plans(CORE, other)
    assert refusal.code == "split-plan-stale"
    assert f"'{step}'" in refusal.message
    assert refusal.observed == f"{refusal.expected} --force"


@pytest.mark.invariant("SP-72")
def test_a_command_that_is_missing_is_a_difference() -> None:
    [refusal] = compare_split_plans(CORE, replace(CORE, commands=CORE.commands[:-1]))
    assert refusal.observed == "no command"
