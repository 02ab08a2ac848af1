"""A program that asks for something of an apply reads the answer like any other result."""

from __future__ import annotations

import json

from reconciler.errors import Problem
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.json import FORMAT, control_json
from tests.golden.scenarios import CONTROL

LOST = KeyspaceFailed(
    environment="production",
    keyspace="billing",
    problems=(Problem(code="ledger-unreachable", message="no answer", recovery="wait"),),
    exit_code=1,
)


def test_each_keyspace_says_how_its_request_ended() -> None:
    read = json.loads(control_json([*CONTROL, LOST], RequestKind.STOP.value))
    assert (read["format"], read["command"]) == (FORMAT, "stop")
    assert [found["outcome"] for found in read["keyspaces"]] == ["applied", "refused", "failed"]
    assert read["keyspaces"][0]["apply_id"] == 17
    assert read["keyspaces"][2]["problems"][0]["code"] == "ledger-unreachable"


def test_what_was_asked_stands_there_also_where_no_apply_could_be() -> None:
    assert json.loads(control_json([LOST], RequestKind.CANCEL.value))["command"] == "cancel"
