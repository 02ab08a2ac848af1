"""PG-34: what programs of a fleet's own databases use of other shards, once all were looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.dependents import (
    ELSEWHERE,
    ProgramsByName,
    ProgramsElsewhere,
    by_name,
)
from reconciler.edges.mysql.programs_among import looked_at, with_programs_among
from reconciler.edges.mysql.target import resolve
from reconciler.model.dependents import Dependents, Program
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import Observation, ObservedShard, Unreachable
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.spec.model import Connection, ShardSpec

pytestmark = pytest.mark.invariant("PG-34")

SETTINGS = ServerSettings(
    version=ServerVersion(Flavor.MYSQL, 9, 7, 0),
    variables=(),
    database_charset="utf8mb4",
    database_collation="utf8mb4_bin",
)


def view(name: str, text: str | None) -> Program:
    return Program(kind=ObjectKind.VIEW, name=name, text=text)


def seen(shard: str, *programs: Program) -> ObservedShard:
    return ObservedShard(
        shard=shard,
        settings=SETTINGS,
        definitions=(),
        place=f"one/shop_{shard}",
        dependents=Dependents(programs=programs),
    )


def targets(*shards: str, user: str = "app") -> list[tuple[ShardSpec, Target]]:
    found = []
    for shard in shards:
        connection = Connection(
            host="db.example", port="3306", database=f"shop_{shard}", user=user, password="x"
        )
        place = resolve(connection, environ={}, root=Path(), shard=shard)
        found.append((ShardSpec(name=shard, connection=connection), place))
    return found


def among(
    *looks: Observation, lost: ProgramsByName | None = None
) -> tuple[dict[str, ObservedShard], list[frozenset[str]]]:
    """Those that were seen, and what was asked for besides."""
    asked: list[frozenset[str]] = []

    def read(target: Target, identity: str, databases: frozenset[str]) -> ProgramsByName | None:
        assert identity == "one"
        asked.append(databases)
        return lost

    everywhere = targets(*(one.shard for one in looks))
    elsewhere = ProgramsElsewhere(looked_at(everywhere))
    found = with_programs_among({o.shard: o for o in looks}, everywhere, elsewhere, read)
    return {n: one for n, one in found.items() if isinstance(one, ObservedShard)}, asked


def used(observed: ObservedShard) -> list[str]:
    return [str(one) for one in observed.dependents.programs]


def test_what_names_another_shard_is_that_ones_and_so_are_views_on_it() -> None:
    found, asked = among(
        seen("1", view("own", "select 1 from `shop_1`.`t`")),
        seen("2", view("on_1", "select 1 from `shop_1`.`t`")),
        seen("3", view("on_that", "select 1 from `shop_2`.`on_1`")),
    )
    assert used(found["1"]) == ["view own", "view shop_2.on_1", "view shop_3.on_that"]
    assert used(found["2"]) == ["view on_1", "view shop_3.on_that"]
    assert used(found["3"]) == ["view on_that"]
    assert asked == []
    assert all(one.dependents.sees_elsewhere and not one.unseen for one in found.values())


def test_a_text_that_is_hidden_in_one_may_use_every_other() -> None:
    found, _ = among(seen("1"), seen("2", view("v", None)))
    assert found["1"].unseen == (ELSEWHERE,)
    assert not found["1"].dependents.sees_elsewhere
    assert found["2"].unseen == ()


def test_of_a_shard_that_could_not_be_looked_at_the_programs_are_asked_for() -> None:
    gone = Unreachable(shard="2", code="x", reason="y", recovery="z")
    on_1 = Program(
        kind=ObjectKind.VIEW, name="v", text="select 1 from `shop_1`.`t`", database="shop_2"
    )
    found, asked = among(seen("1"), gone, lost=by_name([on_1]))
    assert (used(found["1"]), asked) == (["view shop_2.v"], [frozenset({"shop_2"})])
    assert found["1"].unseen == ()
    found, _ = among(seen("1"), gone, lost=None)
    assert (used(found["1"]), found["1"].unseen) == ([], (ELSEWHERE,))


def test_another_login_sees_for_itself() -> None:
    both = [*targets("1"), *targets("2", user="other")]
    assert sorted(map(sorted, looked_at(both).values())) == [["shop_1"], ["shop_2"]]
