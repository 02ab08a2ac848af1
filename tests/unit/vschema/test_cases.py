"""Every case says what changes, with which dangers, and what is wrong: all of it, and no more."""

from __future__ import annotations

import pytest

from tests.unit.vschema.vschema_cases import (
    VSCHEMA_HAZARDS,
    VSchemaCase,
    shown_change,
    shown_fault,
    shown_hazard,
    vschema_cases,
)

CASES = vschema_cases()
COMPARED = [case for case in CASES if "from" in case.text.sections]


@pytest.mark.invariant("VS-5")
@pytest.mark.parametrize("case", COMPARED, ids=lambda case: case.text.name)
def test_a_change_is_told_with_exactly_these_dangers(case: VSchemaCase) -> None:
    changes = case.changes()
    assert sorted(map(shown_change, changes)) == sorted(case.lines("changes"))
    hazards = [hazard for change in changes for hazard in change.hazards]
    assert sorted(map(shown_hazard, hazards)) == sorted(case.lines("hazards"))


@pytest.mark.invariant("VS-3")
@pytest.mark.invariant("VS-4")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text.name)
def test_a_vschema_has_exactly_these_faults(case: VSchemaCase) -> None:
    assert sorted(map(shown_fault, case.faults())) == sorted(case.lines("faults"))
    assert case.notes() == case.lines("notes")


def test_every_danger_of_a_vschema_has_cases_for_and_against() -> None:
    with_it = {line.split()[0] for case in COMPARED for line in case.lines("hazards")}
    assert with_it >= VSCHEMA_HAZARDS
    assert any(not case.lines("hazards") for case in COMPARED)


def test_every_reason_reads_as_a_sentence_of_its_own() -> None:
    for case in COMPARED:
        for change in case.changes():
            for hazard in change.hazards:
                assert hazard.reason.strip(" .") == hazard.reason
                assert "  " not in hazard.reason
