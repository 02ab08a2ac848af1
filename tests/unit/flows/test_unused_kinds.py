"""`unused`: what a spec says the fleet has none of is believed where nobody can see it, and refused
where one turns up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from reconciler.edges.mysql.dependents import ELSEWHERE
from reconciler.edges.mysql.grants import unseen_with
from reconciler.errors import InvalidInput
from reconciler.guard.model import Refusal
from reconciler.model.dependents import Dependents, Program
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import Observation, ObservedShard
from reconciler.model.policy import Unused
from reconciler.model.schema import OtherObject
from reconciler.ports.shards import LiveShards
from reconciler.prove.unproven import UNSEEN_OF
from reconciler.spec.model import ShardSpec
from tests.offline_fleet import SPEC, STATES, Shards, fleet, planned, repository

EVERY = "[views, routines, triggers, events, elsewhere]"
TRIGGER = OtherObject(
    kind=ObjectKind.TRIGGER, name="audited", definition="CREATE TRIGGER …", table="users"
)
REPORT = Program(kind=ObjectKind.VIEW, name="report", text="select 1", database="reports")


@dataclass
class Shown(Shards):
    """Every shard has, and hides, the same."""

    unseen: tuple[str, ...] = ()
    others: tuple[OtherObject, ...] = ()
    dependents: Dependents = field(default_factory=Dependents)

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        return [
            replace(seen, unseen=self.unseen, others=self.others, dependents=self.dependents)
            if isinstance(seen, ObservedShard)
            else seen
            for seen in super().observe(shards, parallel=parallel)
        ]


def refused(spec: str, **shown: object) -> list[Refusal]:
    """Of a plan that drops a column."""
    shards: LiveShards = Shown(fleet(STATES[1]).shown, **shown)  # type: ignore[arg-type]
    assert isinstance(shards, Shards)
    found = planned(repository(STATES[0], spec=spec), shards).refusals
    return [one for one in found if isinstance(one, Refusal)]


def unproven(spec: str, *unseen: str) -> list[str]:
    return [one.message for one in refused(spec, unseen=unseen) if "unproven" in one.message]


def test_every_word_is_of_what_a_login_does_not_see() -> None:
    hidden = (*unseen_with(frozenset()), ELSEWHERE)
    assert UNSEEN_OF.keys() == set(Unused)
    for words in hidden:
        assert len([start for start in UNSEEN_OF.values() if words.startswith(start)]) == 1
    assert len(hidden) == len(Unused)


@pytest.mark.invariant("GD-17")
def test_what_the_fleet_has_none_of_needs_no_permission_for_each_change() -> None:
    hidden = (*unseen_with(frozenset({"SELECT", "SHOW VIEW"})), ELSEWHERE)
    assert unproven(SPEC, *hidden)
    assert unproven(SPEC + f"unused: {EVERY}\n", *hidden) == []
    (left,) = unproven(SPEC + "unused: [triggers, events]\n", hidden[0], hidden[1])
    assert "routines" in left
    assert "triggers (needs" not in left


@pytest.mark.invariant("GD-17")
@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("triggers", {"others": (TRIGGER,)}),
        ("routines", {"others": (replace(TRIGGER, kind=ObjectKind.FUNCTION, table=None),)}),
        ("events", {"dependents": Dependents(programs=(replace(REPORT, kind=ObjectKind.EVENT),))}),
        ("views", {"dependents": Dependents(programs=(REPORT,))}),
        ("elsewhere", {"dependents": Dependents(programs=(REPORT,))}),
    ],
)
def test_one_that_turns_up_refuses_its_shards(word: str, shown: dict[str, object]) -> None:
    found = refused(SPEC + f"unused: [{word}]\n", **shown)
    told = [one for one in found if one.code == "unused-kind-found"]
    assert len(told) == 2, "each shard's server says it of itself"
    assert all(word in one.recovery for one in told)
    others = EVERY.replace(f"{word}, ", "").replace(f", {word}", "")
    left = [one.recovery for one in refused(SPEC + f"unused: {others}\n", **shown)]
    assert not [said for said in left if f"take {word} out" in said]


def test_what_an_engine_made_goes_again_by_itself() -> None:
    of_engine = replace(TRIGGER, name="pt_osc_d_users_ins")
    found = refused(SPEC + "unused: [triggers]\n", others=(of_engine,))
    assert "unused-kind-found" not in {one.code for one in found}


def test_nothing_is_managed_and_unused_at_once() -> None:
    with pytest.raises(InvalidInput) as raised:
        repository(spec=SPEC + "manage: [tables, views]\nunused: [views]\n").keyspace()
    assert "unused says that the fleet has no views" in raised.value.problems[0].message
