"""What each engine can take: every case says it of every engine, with a word of the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.dependents import Reference
from reconciler.model.engine import EngineName
from reconciler.plan.engines.choose import obstacles_of
from reconciler.plan.engines.question import EngineQuestion
from tests.unit.plan.hazards.hazard_cases import VERSIONS, HazardCase, hazard_cases

CASES = hazard_cases("engines")


def question(case: HazardCase) -> EngineQuestion:
    (context,) = case.contexts()
    headers = case.text.headers
    version = VERSIONS[case.flavor]
    if "major" in headers:
        minor = int(headers.get("minor", 11))
        version = replace(version, major=int(headers["major"]), minor=minor)
    children: tuple[Reference, ...] = ()
    if "child" in headers:
        child, key = headers["child"].split()
        children = (Reference(table=child, name=key, parent=context.step.table),)
    triggers = (headers["trigger"],) if "trigger" in headers else ()
    return EngineQuestion(
        context=context,
        version=version,
        size_bytes=1,
        is_behind_vitess=headers.get("kind") == "vitess",
        triggers=triggers,
        children=children,
        tables=(context.step.table, *filter(None, [headers.get("beside")])),
        keeps_old="keep_old" in headers,
    )


@pytest.mark.invariant("EN-13")
@pytest.mark.invariant("EN-75")
@pytest.mark.invariant("VT-37")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text.name)
def test_each_engine_takes_what_it_can(case: HazardCase) -> None:
    expected = dict(line.partition(": ")[::2] for line in case.text.lines("engines"))
    assert expected.keys() == set(EngineName)
    for name, reason in expected.items():
        found = "; ".join(obstacles_of(EngineName(name), question(case)))
        assert bool(found) is bool(reason), (name, found)
        assert reason in found, name


def test_every_reason_reads_on_from_the_engine_s_name() -> None:
    for case in CASES:
        for name in EngineName:
            for reason in obstacles_of(name, question(case)):
                assert reason.strip() == reason, name
                assert not reason.endswith(".")
