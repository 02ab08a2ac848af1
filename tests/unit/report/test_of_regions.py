"""What is said of a region's part names the region, and stands beside what is said of others."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from reconciler.ledger.reasons import NothingUnfinished
from reconciler.ledger.states import RequestKind, RequestState
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, ControlOutcome
from reconciler.outcomes.doctor import DoctorOutcome
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import VerifyOutcome, VerifyState
from reconciler.report import json as as_json
from reconciler.report.compose.apply import apply_document
from reconciler.report.compose.control import control_document
from reconciler.report.compose.doctor import doctor_document
from reconciler.report.compose.drift import drift_document
from reconciler.report.compose.plan import verify_document
from reconciler.report.document import Document
from reconciler.report.write.markdown import write_markdown

OF: dict[str, Any] = {"environment": "production", "keyspace": "shop"}
FAILED = KeyspaceFailed(**OF, problems=(), exit_code=1, region="eu")
SAID: dict[str, tuple[Callable[[Sequence[Any]], Document], Callable[[Sequence[Any]], str], Any]] = {
    "verify": (
        verify_document,
        as_json.verify_json,
        VerifyOutcome(**OF, state=VerifyState.NO_CHANGE, region="eu"),
    ),
    "drift": (drift_document, as_json.drift_json, DriftOutcome(**OF, groups=(), region="eu")),
    "doctor": (doctor_document, as_json.doctor_json, DoctorOutcome(**OF, findings=(), region="eu")),
    "apply": (
        apply_document,
        as_json.apply_json,
        ApplyOutcome(**OF, verdict=ApplyVerdict.NOTHING_TO_DO, region="eu"),
    ),
    "stop": (
        control_document,
        lambda found: as_json.control_json(found, "stop"),
        ControlOutcome(
            **OF,
            kind=RequestKind.STOP,
            state=RequestState.REFUSED,
            answer=NothingUnfinished(),
            region="eu",
        ),
    ),
}


@pytest.mark.invariant("RG-35")
@pytest.mark.parametrize("verb", SAID)
def test_a_report_names_its_region(verb: str) -> None:
    compose, write_json, outcome = SAID[verb]
    for found in (outcome, FAILED):
        (report,) = compose([found]).reports
        assert "production, region eu" in write_markdown(Document(reports=(report,)))
        assert report.marker is None or report.marker.names == ("production", "eu", "shop")
    (keyspace,) = json.loads(write_json([outcome]))["keyspaces"]
    assert keyspace["region"] == "eu"
