"""Every case says exactly which hazards a change has: none is missing, none is made up."""

from __future__ import annotations

import pytest

from reconciler.model.policy import HazardKind
from reconciler.plan.permission import ASKED_OF_ROWS
from tests.unit.plan.hazards.hazard_cases import HazardCase, hazard_cases, shown
from tests.unit.vschema.vschema_cases import VSCHEMA_HAZARDS

CASES = hazard_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text.name)
def test_a_change_has_exactly_these_hazards(case: HazardCase) -> None:
    assert sorted(map(shown, case.hazards())) == case.expected


def test_every_kind_of_hazard_has_a_case() -> None:
    seen = {line.split()[0] for case in CASES for line in case.expected}
    found_by_proof = {HazardKind.BREAKS_OBJECT, HazardKind.UNPROVEN}
    by_hand = {
        HazardKind.UNCHECKED_ROWS,  # takes two tables: in test_statement_context
        HazardKind.RUNS_BY_ITSELF,  # of events: in test_programs
        HazardKind.RUNS_AS,  # of views: in test_views
        HazardKind.DROP_PROGRAM,
        HazardKind.DROP_VIEW_COLUMN,
    }
    elsewhere = found_by_proof | by_hand | VSCHEMA_HAZARDS | ASKED_OF_ROWS
    assert seen == set(HazardKind) - elsewhere


def test_every_reason_reads_as_a_sentence_of_its_own() -> None:
    for case in CASES:
        for hazard in case.hazards():
            assert hazard.reason.strip() == hazard.reason
            assert not hazard.reason.endswith("."), hazard.reason
            assert "  " not in hazard.reason
            assert "None" not in hazard.reason, hazard.reason
