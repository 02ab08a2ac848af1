"""How many INSTANT changes are left on the fullest of all shards."""

from __future__ import annotations

import pytest

from reconciler.diff.model import Clause, ClauseKind
from reconciler.model.observation import ObservedShard, TableFacts
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.plan.model import Algorithm, ExecutionClass, Lock
from reconciler.prove.row_versions import RowVersionsLeft, row_versions_left

ADD = (Clause(kind=ClauseKind.ADD_COLUMN, object="a", sql="ADD COLUMN ..."),)
COMMENT = (Clause(kind=ClauseKind.TABLE_OPTION, object="COMMENT", sql="COMMENT = ''"),)
INSTANT = ExecutionClass(algorithm=Algorithm.INSTANT)
REBUILD = ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.NONE, rebuilds=True)


def version(*numbers: int, flavor: Flavor = Flavor.MYSQL) -> ServerVersion:
    major, minor, patch = numbers
    return ServerVersion(flavor=flavor, major=major, minor=minor, patch=patch)


def left(*used: int | None, on: ServerVersion | None = None) -> RowVersionsLeft:
    server = on or version(9, 7, 4)
    settings = ServerSettings(
        version=server,
        variables=(),
        database_charset="utf8mb4",
        database_collation="utf8mb4_0900_ai_ci",
    )
    shards = [
        ObservedShard(
            shard=str(number),
            settings=settings,
            definitions=(),
            facts=(("t", TableFacts(row_versions=count)),),
        )
        for number, count in enumerate(used)
    ]
    return row_versions_left(shards, server)


@pytest.mark.parametrize(
    ("on", "last", "full"),
    [
        (version(8, 0, 36), 63, 64),
        (version(8, 4, 0), 63, 64),
        (version(9, 0, 1), 63, 64),
        (version(9, 1, 0), 254, 255),
        (version(9, 7, 4), 254, 255),
    ],
)
def test_the_limit_of_each_version(on: ServerVersion, last: int, full: int) -> None:
    assert left(last, on=on).allow_instant("t", ADD)
    assert not left(full, on=on).allow_instant("t", ADD)


@pytest.mark.parametrize("on", [version(8, 0, 28), version(11, 8, 6, flavor=Flavor.MARIADB)])
def test_servers_without_a_limit(on: ServerVersion) -> None:
    assert left(10_000, on=on).allow_instant("t", ADD)
    assert not left(None, on=on).is_unknown("t", ADD, INSTANT)


def test_the_fullest_shard_counts() -> None:
    assert not left(3, 255, 7).allow_instant("t", ADD)


def test_only_adding_and_dropping_columns_makes_versions() -> None:
    assert left(255).allow_instant("t", COMMENT)


def test_what_the_plan_itself_uses_up_counts_too() -> None:
    versions = left(254)
    versions.count("t", ADD, INSTANT)
    assert not versions.allow_instant("t", ADD)


def test_a_rebuild_starts_again_from_none() -> None:
    versions = left(255)
    versions.count("t", ADD, REBUILD)
    assert versions.allow_instant("t", ADD)


def test_a_trial_counts_for_itself() -> None:
    versions = left(254)
    versions.forked().count("t", ADD, INSTANT)
    assert versions.allow_instant("t", ADD)


def test_one_shard_that_does_not_tell_leaves_the_count_unknown() -> None:
    assert left(1, None).is_unknown("t", ADD, INSTANT)
    assert not left(1, None).is_unknown("t", ADD, REBUILD)
    assert not left(1, 2).is_unknown("t", ADD, INSTANT)
