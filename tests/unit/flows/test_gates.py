"""The order in which gates are asked, and that no server is reached before git lets an apply in."""

from __future__ import annotations

import pytest

from reconciler.flows.gates import Gates, gate_refusals
from reconciler.guard.model import Refusal
from reconciler.plan.model import Plan
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import SpecFile
from tests.sample_plans import digest, sample_plan

SPEC = "specs/commerce.yaml"
PLAN = sample_plan()  # made from that spec


class Asked:
    """Gates of each kind that note that they were asked; `refusing` are the kinds that refuse."""

    def __init__(self, *refusing: str) -> None:
        self.refusing = refusing
        self.kinds: list[str] = []

    def answer(self, kind: str) -> tuple[Refusal, ...]:
        self.kinds.append(kind)
        refusal = Refusal(code=kind, message="no", recovery="ask again")
        return (refusal,) if kind in self.refusing else ()

    def refusals(self, plan: Plan | None, *, spec: str = "spec") -> list[str]:
        gates = Gates(
            plan=(lambda plan: self.answer("plan"), lambda plan: self.answer("plan too")),
            spec=(lambda: self.answer("spec"),),
            fleet=(lambda plan: self.answer("fleet"),),
        )
        return [found.code for found in gate_refusals(gates, files(spec), plan)]


def files(spec: str) -> DesiredFiles:
    return DesiredFiles(
        spec=SpecFile(path=SPEC, keyspace="commerce", schema_dir="schemas", environments=()),
        files=(),
        digests=((SPEC, digest(spec)),),
    )


@pytest.mark.invariant("GT-1")
def test_a_plan_vouches_for_the_spec_that_it_was_made_from() -> None:
    asked = Asked()
    assert asked.refusals(PLAN) == []
    assert asked.kinds == ["plan", "plan too", "fleet"]


@pytest.mark.invariant("GT-1")
def test_another_spec_than_the_plans_is_asked_about_by_itself() -> None:
    asked = Asked()
    assert asked.refusals(PLAN, spec="edited since") == []
    assert asked.kinds == ["plan", "plan too", "spec", "fleet"]


@pytest.mark.invariant("GT-1")
def test_without_a_plan_the_spec_is_asked_about_and_no_server() -> None:
    asked = Asked()
    assert asked.refusals(None) == []
    assert asked.kinds == ["spec"]


@pytest.mark.invariant("GT-1")
@pytest.mark.parametrize("refusing", ["plan", "plan too", "spec"])
def test_no_server_is_asked_once_git_or_the_forge_refuses(refusing: str) -> None:
    asked = Asked(refusing)
    assert asked.refusals(PLAN, spec="edited since") == [refusing]
    assert "fleet" not in asked.kinds


@pytest.mark.invariant("GT-1")
def test_gates_of_one_kind_say_all_their_reasons_together() -> None:
    asked = Asked("plan", "plan too", "fleet")
    assert asked.refusals(PLAN) == ["plan", "plan too"]


@pytest.mark.invariant("GT-2")
def test_gates_that_are_asked_again_are_all_asked_again() -> None:
    asked = Asked()
    asked.refusals(PLAN)
    asked.refusing = ("fleet",)
    assert asked.refusals(PLAN) == ["fleet"]
    assert asked.kinds == ["plan", "plan too", "fleet"] * 2
