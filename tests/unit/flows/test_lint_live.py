"""What rules say of tables as shards have them stands beside `drift`, and is none."""

from __future__ import annotations

import pytest

from reconciler.flows.drift import find_drift
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.ends import drift_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.report.compose.drift import drift_document
from reconciler.report.json import drift_json
from reconciler.report.write.text import write_text
from tests.offline_fleet import (
    SPEC,
    STATES,
    Shards,
    environment,
    fleet,
    no_ledger,
    repository,
    world,
)

COUNTING = STATES[0].replace("`id` bigint NOT NULL", "`id` tinyint NOT NULL AUTO_INCREMENT")
NUMBERED = "ENGINE=InnoDB AUTO_INCREMENT={}"


def looked(shards: Shards, spec: str = SPEC) -> DriftOutcome:
    files = repository(COUNTING, spec=spec)
    keyspace = files.keyspace()
    return find_drift(
        world(shards), keyspace, environment(keyspace), tree=files, open_ledger=no_ledger
    )


def counted(one: int, other: int) -> Shards:
    shards = fleet(COUNTING, staging=COUNTING)
    for shard, number in (("-80", one), ("80-", other)):
        text = COUNTING.replace("ENGINE=InnoDB", NUMBERED.format(number))
        shards.shown[f"db-{shard}"] = {"users": text}
    return shards


@pytest.mark.invariant("LN-1")
def test_the_fullest_shard_is_named_and_no_drift_is_made_of_it() -> None:
    outcome = looked(counted(7, 120))
    assert drift_code(outcome) is ExitCode.FINE
    text = write_text(drift_document([outcome]))
    assert "Lint: 1 error in 1 table" in text
    assert "users.id has used 93 % of tinyint on shard 80-, the fullest" in text
    assert '"rule": "auto-increment-capacity"' in drift_json([outcome])


def test_a_keyspace_with_room_is_told_nothing() -> None:
    assert "Lint" not in write_text(drift_document([looked(counted(7, 20))]))


@pytest.mark.invariant("LN-2")
def test_an_exception_of_the_spec_is_counted() -> None:
    allow = "{rule: auto-increment-capacity, table: users, reason: it is cleared each night}"
    outcome = looked(counted(7, 120), f"{SPEC}lint: {{allow: [{allow}]}}\n")
    assert outcome.lint is not None
    assert (len(outcome.lint.remarks), len(outcome.lint.excepted)) == (0, 1)
    assert "1 excepted by the spec" in write_text(drift_document([outcome]))


def test_of_shards_that_were_not_seen_nothing_is_said() -> None:
    shards = counted(7, 120)
    shards.shown["db-80-"] = None
    outcome = looked(shards)
    assert outcome.lint is not None
    assert outcome.lint.remarks == ()
