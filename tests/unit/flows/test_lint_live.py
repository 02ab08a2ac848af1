"""What rules say of tables as shards have them stands beside `drift`, and is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from reconciler.flows.drift import find_drift
from reconciler.model.index_use import IndexUse, TableReads
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.ends import drift_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.ports.index_counts import IndexCounts
from reconciler.report.compose.drift import drift_document
from reconciler.report.findings import NO_FILES, findings_of
from reconciler.report.json import drift_json
from reconciler.report.write.text import write_text
from reconciler.spec.model import ShardSpec
from tests.offline_fleet import (
    SPEC,
    STATES,
    USERS_PATH,
    Shards,
    environment,
    fleet,
    no_ledger,
    repository,
    world,
)

COUNTING = STATES[0].replace("`id` bigint NOT NULL", "`id` tinyint NOT NULL AUTO_INCREMENT")
NUMBERED = "ENGINE=InnoDB AUTO_INCREMENT={}"


@dataclass
class Counted:
    """`IndexCounts`: two shards that have read by the primary key alone."""

    up_s: int
    asked: int = 0

    def read(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[IndexUse | None]:
        self.asked += len(shards)
        reads = TableReads(rows=9, by_index={"primary": 9, "by_name": 0})
        return [IndexUse(up_s=self.up_s, tables={"users": reads}) for _ in shards]


def looked(
    shards: Shards,
    spec: str = SPEC,
    text: str = COUNTING,
    counts: IndexCounts | None = None,
) -> DriftOutcome:
    files = repository(text, spec=spec)
    keyspace = files.keyspace()
    return find_drift(
        replace(world(shards), counts=counts),
        keyspace,
        environment(keyspace),
        tree=files,
        open_ledger=no_ledger,
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
    [finding] = findings_of([outcome], NO_FILES)
    assert finding.where is not None
    assert (finding.code, finding.where.path) == ("auto-increment-capacity", USERS_PATH)


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


INDEXED = STATES[0].replace("\n)", ",\n  KEY `by_name` (`name`)\n)")


def indexed(counts: IndexCounts, spec: str = SPEC) -> str:
    outcome = looked(fleet(INDEXED, staging=INDEXED), spec, INDEXED, counts)
    assert drift_code(outcome) is ExitCode.FINE
    return write_text(drift_document([outcome]))


@pytest.mark.invariant("LN-6")
def test_an_index_that_nobody_read_is_told_once_all_shards_have_counted_for_long() -> None:
    assert "users.by_name was read by nobody on any of 2 shards" in indexed(Counted(90 * 86_400))
    assert "by_name" not in indexed(Counted(86_400))


def test_a_rule_that_is_off_has_nothing_counted() -> None:
    counts = Counted(90 * 86_400)
    rules = "lint: {rules: {unused-index: 'off'}}\n"
    assert "by_name" not in indexed(counts, f"{SPEC}{rules}")
    assert counts.asked == 0
