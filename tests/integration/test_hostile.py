"""What somebody who means harm, or a world in pieces, does to a fleet: what was not reviewed does
not run, nothing runs twice, and no difference goes unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.diff.session import UNCHECKED
from reconciler.model.object_id import table_id
from reconciler.plan.codec import dump_plan
from reconciler.plan.model import Algorithm, ChangeSet, ExecutionClass, PlanCore
from reconciler.plan.readable import render_readable_sql
from tests.fleet import Fleet
from tests.integration.test_main_job import (
    PLAN_JSON,
    PLAN_SQL,
    add_column,
    forge,
    read_plan,
    refuses,
)

Forgery = Callable[[PlanCore], PlanCore]


def add_index(fleet: Fleet) -> None:
    """Proven in place, so that its row count matters; comes before `add_column`'s statement."""
    key = "  KEY idx_user (user_id),"
    fleet.edit("schemas/shop/orders.sql", key, f"{key}\n  KEY idx_legacy (legacy),")


def change_the_set(**changes: Any) -> Forgery:
    def change(core: PlanCore) -> PlanCore:
        forged = tuple(replace(s, **changes) for s in core.change_sets)
        return replace(core, change_sets=forged)

    return change


def change_the_first(**changes: Any) -> Forgery:
    def change(core: PlanCore) -> PlanCore:
        first, *rest = core.change_sets[0].statements
        forged = (replace(first, **changes), *rest)
        return change_the_set(statements=forged)(core)

    return change


def split(core: PlanCore) -> PlanCore:
    whole = core.change_sets[0]
    return replace(core, change_sets=tuple(replace(whole, shards=(s,)) for s in whole.shards))


def forget_one_shard(core: PlanCore) -> PlanCore:
    whole = core.change_sets[0]
    return replace(
        core, change_sets=(replace(whole, shards=whole.shards[1:]),), matching=whole.shards[:1]
    )


def other_order(core: PlanCore) -> PlanCore:
    return change_the_set(statements=core.change_sets[0].statements[::-1])(core)


def widened_before(core: PlanCore) -> PlanCore:
    def widened(found: ChangeSet) -> ChangeSet:
        return replace(
            found,
            touched=tuple(
                replace(t, definition=(t.definition or "").replace("varchar(50)", "varchar(60)"))
                for t in found.touched
            ),
        )

    return replace(core, change_sets=tuple(map(widened, core.change_sets)))


FORGERIES: dict[str, Forgery] = {
    "waves in another order": lambda core: replace(core, waves=core.waves[::-1]),
    "one wave for all": lambda core: replace(core, waves=(core.shards,)),
    "an empty wave": lambda core: replace(core, waves=((), *core.waves)),
    "shards in another order": lambda core: replace(core, shards=core.shards[::-1]),
    "a set for each shard": split,
    "a shard said to match": forget_one_shard,
    "all shards said to match": lambda c: replace(c, change_sets=(), matching=c.shards),
    "statements in another order": other_order,
    "without foreign key checks": change_the_first(session=UNCHECKED),
    "another execution class": change_the_first(execution=ExecutionClass(algorithm=Algorithm.COPY)),
    "no row ceiling": change_the_first(row_ceiling=None),
    "a row ceiling out of sight": change_the_first(row_ceiling=10**12),
    "another before-definition": widened_before,
    "a policy of its own": lambda core: replace(
        core, policy=replace(core.policy, ignore_tables=("orders",))
    ),
    "another server": lambda core: replace(core, server="mysql 5.7"),
    "other rules": lambda core: replace(
        core, rules=replace(core.rules, normalizer=core.rules.normalizer + 1)
    ),
    "one table more": lambda c: replace(c, managed=(*c.managed, table_id("zones"))),
    "one input less": lambda core: replace(core, inputs=core.inputs[1:]),
    "one input twice": lambda core: replace(core, inputs=(*core.inputs, core.inputs[0])),
    "another environment": lambda core: replace(core, environment="staging"),
    "another keyspace": lambda core: replace(core, keyspace="shop2"),
}


@pytest.mark.invariant("GD-1")
def test_no_field_of_a_plan_can_be_forged(fleet: Fleet) -> None:
    """One fleet for all of them, and a shard half done by hand: the hardest case to tell."""
    add_index(fleet)
    add_column(fleet)
    fleet.plan_and_commit()
    plan = read_plan(fleet)
    fleet.sql("-40", plan.core.change_sets[0].statements[0].sql)
    before = fleet.all_definitions()
    for name, forgery in FORGERIES.items():
        fleet.write(PLAN_JSON, dump_plan(plan).decode())
        fleet.write(PLAN_SQL, render_readable_sql(plan.core))
        forge(fleet, forgery)
        ended = fleet.run("verify")
        assert ended.code == 3, f"{name}: {ended.said}"
    assert fleet.run("apply").code == 3
    assert fleet.all_definitions() == before
    fleet.write(PLAN_JSON, dump_plan(plan).decode())
    fleet.write(PLAN_SQL, render_readable_sql(plan.core))
    fleet.commit("the true one again")
    assert fleet.run("apply").code == 0
    assert len({str(found) for found in fleet.all_definitions().values()}) == 1


@pytest.mark.invariant("GD-1")
@pytest.mark.parametrize("verb", ["verify", "apply"])
def test_a_plan_cannot_say_that_the_fleet_is_as_git_wants_it(fleet: Fleet, verb: str) -> None:
    """Forged so that every shard stands at the end of what the plan says."""
    add_column(fleet)
    fleet.plan_and_commit()
    forge(
        fleet,
        lambda core: replace(
            core, change_sets=(), matching=core.shards, after=core.change_sets[0].before
        ),
    )
    refuses(fleet, verb, "statement-differs")


@pytest.mark.invariant("RV-5")
@pytest.mark.parametrize("name", ["origin/main", "refs/remotes/origin/main"])
def test_a_branch_that_is_called_like_the_protected_one_is_not_it(fleet: Fleet, name: str) -> None:
    fleet.git("switch", "--quiet", "--create", name)
    add_column(fleet)
    fleet.plan_and_commit()
    refuses(fleet, "apply", "commit-not-merged")


def test_a_link_to_a_branch_that_is_gone_is_no_branch(fleet: Fleet) -> None:
    """What `git fetch --prune` leaves after the remote's default branch was renamed."""
    fleet.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
    add_column(fleet)
    fleet.plan_and_commit()
    assert fleet.run("apply").code == 0  # `main` is there


@pytest.mark.invariant("RV-5")
def test_a_plan_that_the_protected_branch_has_taken_back_is_not_applied(fleet: Fleet) -> None:
    """The file was reverted and the plan forgotten: the older commit still has both."""
    add_column(fleet)
    older = fleet.plan_and_commit()
    fleet.git("checkout", "--quiet", "HEAD~", "--", "schemas")
    fleet.commit("the column is not wanted any more")
    assert "schemas/shop/users.sql" in refuses(fleet, "apply", "superseded", "--ref", older)
    assert fleet.run("apply").code == 0  # the branch itself has nothing to do


def test_a_plan_of_other_files_makes_no_shard_pending(fleet: Fleet) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    ended = fleet.run("drift")
    assert ended.code == 2
    assert "pending-apply" in ended.out
    fleet.edit("schemas/shop/users.sql", "age int", "age bigint")
    ended = fleet.run("drift")
    assert ended.code == 2
    assert "pending-apply" not in ended.out
    assert "`age` bigint" in ended.out


@pytest.mark.invariant("PL-13")
def test_a_merged_plan_that_a_table_has_outgrown_does_not_block_the_next(fleet: Fleet) -> None:
    add_index(fleet)
    fleet.plan_and_commit()
    forge(fleet, change_the_first(row_ceiling=1))
    fleet.sql("-40", "INSERT INTO users VALUES (1, 'a')")
    fleet.sql("-40", "INSERT INTO orders VALUES (1, 1, 1), (2, 1, 1), (3, 1, 1)")
    fleet.sql("-40", "ANALYZE TABLE orders")
    refuses(fleet, "apply", "row-ceiling-exceeded")
    fleet.plan_and_commit("planned again")
    assert fleet.run("apply").code == 0


def test_what_a_reader_planned_somebody_with_more_rights_applies(fleet: Fleet) -> None:
    """Triggers, routines and events are hidden from the reader; the policy permits that."""

    def become(login: str) -> None:
        for number, server in enumerate(fleet.servers):
            chosen = getattr(server, login)
            fleet.monkeypatch.setenv("FLEET_USER", chosen.user)
            fleet.monkeypatch.setenv(f"FLEET_PASSWORD_{number}", chosen.password)

    for shard in fleet.environment["shards"]:
        shard["connection"]["user"] = "${FLEET_USER}"
    fleet.spec["policy"]["allow"] = [
        {"table": "orders", "hazard": "drop-column", "object": "legacy", "reason": "unused"},
        {"table": "orders", "hazard": "unproven", "reason": "there are no programs"},
    ]
    fleet.write_spec()
    fleet.edit("schemas/shop/orders.sql", "  legacy int DEFAULT NULL,\n", "")
    become("reader")
    fleet.plan_and_commit()
    assert fleet.run("verify").code == 0
    assert fleet.run("drift").code == 2
    refused = fleet.run("apply")
    assert refused.code == 3, refused.said  # it may not, and is sent nothing
    assert "privilege-missing" in refused.said
    become("admin")
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    assert not any("legacy" in found["orders"] for found in fleet.all_definitions().values())


def test_a_fleet_between_two_states_is_partial_whichever_run_brought_it_there(fleet: Fleet) -> None:
    """Two names are alike on the second shard. The second try sends nothing that is accepted, and
    the fleet is half-done all the same; once the rows are fixed the same plan runs the rest."""
    fleet.edit(
        "schemas/shop/users.sql", "  PRIMARY KEY (id)", "  PRIMARY KEY (id),\n  UNIQUE (name)"
    )
    fleet.sql("40-80", "INSERT INTO users VALUES (1, 'a'), (2, 'a')")
    fleet.plan_and_commit()
    for _ in range(2):
        ended = fleet.run("apply")
        assert ended.code == 4, ended.said
        assert "`reconciler apply shop --environment production` runs what is" in ended.out
    fleet.sql("40-80", "DELETE FROM users WHERE id = 2")
    assert fleet.run("apply").code == 0


@pytest.mark.invariant("GD-5")
def test_every_shard_that_cannot_be_reached_refuses_in_every_verb(fleet: Fleet) -> None:
    for number in (0, 2):
        fleet.environment["shards"][number]["connection"]["password"] = "wrong"
    fleet.write_spec()
    add_column(fleet)
    fleet.commit("a change")
    for verb in ("plan", "verify", "drift"):
        ended = fleet.run(verb)
        assert ended.code == 3, ended.said
        assert "-40" in ended.out, ended.said
        assert "80-c0" in ended.out, ended.said
    for number in (0, 2):
        fleet.environment["shards"][number]["connection"]["password"] = "${FLEET_WRONG}"
    fleet.monkeypatch.setenv("FLEET_WRONG", fleet.servers[0].admin.password)
    fleet.write_spec()
    fleet.plan_and_commit()
    fleet.monkeypatch.setenv("FLEET_WRONG", "wrong")
    assert "shards -40, 80-c0 could not be observed" in refuses(fleet, "apply", "login-refused")


@pytest.mark.invariant("PL-9")
def test_a_table_that_no_plan_can_name_is_told_when_planning(fleet: Fleet) -> None:
    fleet.spec["policy"]["allow"] = [{"table": "*", "hazard": "drop-table", "reason": "agreed"}]
    fleet.write_spec()
    fleet.sql("40-80", "CREATE TABLE ` blank` (id int NOT NULL, PRIMARY KEY (id))")
    assert "40-80" in refuses(fleet, "plan", "table-name-blank", "--write")
    assert fleet.run("drift").code == 2
    fleet.spec["policy"]["ignore_tables"] = ["_*", "?blank"]
    fleet.write_spec()
    assert fleet.run("plan", "--detailed-exitcode").code == 0


def test_one_broken_spec_hides_no_other_and_whoever_asks_for_json_gets_json(fleet: Fleet) -> None:
    fleet.write("specs/other.yaml", "version: 1\nkeyspace: [other\n")
    add_column(fleet)
    for verb in ("lint", "plan", "verify", "drift", "doctor", "pull", "status"):
        ended = fleet.run(verb, "--output", "json")
        # `pull` has written the files of the one and not those of the other.
        assert ended.code in ((4,) if verb == "pull" else (1, 3)), ended.said
        assert json.loads(ended.out)
        assert "yaml-syntax" in ended.said
    assert '"shop"' in fleet.run("plan", "--output", "json").out
    assert fleet.run("plan", "shop").code == 0
    fleet.write("specs/shop.yaml", "nothing: here")
    for verb in ("lint", "plan", "verify", "drift", "doctor", "pull", "status"):
        ended = fleet.run(verb, "--output=json")
        assert ended.code == 1, ended.said
        assert "spec-missing-key" in json.dumps(json.loads(ended.out))


@pytest.mark.invariant("GD-1")
def test_a_plan_that_is_done_cannot_be_made_longer(fleet: Fleet) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    assert fleet.run("apply").code == 0

    def one_more(core: PlanCore) -> PlanCore:
        first = core.change_sets[0].statements[0]
        (effect,) = first.effects
        further = replace(effect, before=effect.after, after="sha256:" + "0" * 64)
        evil = replace(first, sql=first.sql.replace("`age`", "`evil`"), effects=(further,))
        return change_the_set(statements=(first, evil))(core)

    forge(fleet, one_more)
    for verb in ("verify", "apply"):
        refuses(fleet, verb, "statement-differs")


def test_a_plan_left_over_from_earlier_files_is_no_reason_to_refuse(fleet: Fleet) -> None:
    """Who only changes the spec after an apply has nothing to plan."""
    add_column(fleet)
    fleet.plan_and_commit()
    assert fleet.run("apply").code == 0
    fleet.environment["rollout"]["parallel"] = 3
    fleet.write_spec()
    fleet.commit("more at a time")
    for verb in ("verify", "apply"):
        ended = fleet.run(verb)
        assert ended.code == 0, ended.said
    fleet.sql("c0-", "ALTER TABLE users DROP COLUMN age")
    for verb in ("verify", "apply"):
        refuses(fleet, verb, "input-changed")
