"""A plan that has the right shape and the wrong content refuses as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.diff.model import Operation
from reconciler.errors import Refused
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.plan.codec import plan_from_core
from reconciler.plan.commitment import with_words
from reconciler.plan.model import (
    ChangeSet,
    Effect,
    ExecutionClass,
    Leftover,
    ObjectBefore,
    Plan,
    PlanCore,
    PlannedStatement,
)
from reconciler.plan.readable import render_readable_sql
from reconciler.plan.validate import check_plan, core_errors
from tests.sample_plans import META, fingerprint, sample_plan, statement, with_core

PLAN = sample_plan()


def check(plan: Plan, **how: str | None) -> None:
    arguments: dict[str, Any] = {
        "environment": "production",
        "keyspace": "commerce",
        "readable_sql": render_readable_sql(plan.core),
        **how,
    }
    check_plan(plan, **arguments)


def refusal(plan: Plan, **how: str | None) -> str:
    with pytest.raises(Refused) as refused:
        check(plan, **how)
    return refused.value.problems[0].code


def with_set(change: Callable[[ChangeSet], ChangeSet]) -> PlanCore:
    return replace(PLAN.core, change_sets=(change(PLAN.core.change_sets[0]),))


def with_first_sql(sql: str) -> PlanCore:
    first, *rest = PLAN.core.change_sets[0].statements
    return with_set(lambda s: replace(s, statements=(replace(first, sql=sql), *rest)))


def test_a_sound_plan_is_sound() -> None:
    check(PLAN)


@pytest.mark.invariant("PL-7")
def test_another_keyspaces_or_environments_plan_refuses() -> None:
    assert refusal(PLAN, keyspace="billing") == "plan-of-another-keyspace"
    assert refusal(PLAN, environment="staging") == "plan-of-another-environment"


@pytest.mark.invariant("PL-11")
def test_one_changed_byte_of_the_readable_plan_refuses() -> None:
    readable = render_readable_sql(PLAN.core)
    assert refusal(PLAN, readable_sql=readable[:-1]) == "readable-plan-mismatch"
    assert refusal(PLAN, readable_sql=readable.replace("c0", "c9")) == "readable-plan-mismatch"
    assert refusal(PLAN, readable_sql=None) == "readable-plan-missing"


@pytest.mark.invariant("PL-11")
def test_a_plan_bound_to_another_readable_file_refuses() -> None:
    words = replace(PLAN.core.words, readable=fingerprint("other"))
    assert refusal(replace(PLAN, core=replace(PLAN.core, words=words))) == "readable-plan-mismatch"


READABLE = render_readable_sql(PLAN.core)
FIRST = f"{PLAN.core.change_sets[0].statements[0].sql};\n"


@pytest.mark.invariant("PL-11")
@pytest.mark.parametrize(
    "text",
    [
        READABLE.replace(FIRST, ""),
        READABLE.replace(FIRST, FIRST + FIRST),
        READABLE.replace(FIRST, f"-- {FIRST}"),
        READABLE + "DROP TABLE `users`;\n",
        READABLE.replace(FIRST, FIRST.replace("`c0`", "`c0` ")),
        READABLE + "-- the plan drops nothing \u202e\n",
        READABLE + "-- the end",
        "\n".join(reversed(READABLE.split("\n"))),
        "",
    ],
    ids=[
        "one less",
        "one twice",
        "one as a remark",
        "one more",
        "a blank more",
        "hidden characters",
        "no line end",
        "another order",
        "nothing",
    ],
)
def test_a_readable_file_that_shows_anything_but_the_statements_refuses(text: str) -> None:
    """Also where the plan is bound to that very file."""
    plan = plan_from_core(with_words(PLAN.core, text), META)
    assert refusal(plan, readable_sql=text) == "readable-plan-mismatch"


@pytest.mark.invariant("PL-14")
def test_a_readable_file_in_other_words_is_still_the_plans() -> None:
    text = READABLE.replace("-- ", "-- as an earlier version put it: ")
    check(plan_from_core(with_words(PLAN.core, text), META), readable_sql=text)


def _without(change_set: ChangeSet, field: str) -> ChangeSet:
    """Built past the constructor's assertion, as `python -O` would."""
    copy = object.__new__(ChangeSet)
    for name in ChangeSet.__slots__:
        object.__setattr__(copy, name, () if name == field else getattr(change_set, name))
    return copy


LEFT = Leftover(name="_users_del", of="users", engine=EngineName.GH_OST, apply_id=7)


def _dropping() -> PlanCore:
    """The plan, with a drop of `_users_del` at the end of its first change set."""
    about, (found, *others) = table_id(LEFT.name), PLAN.core.change_sets
    drop = PlannedStatement(
        object_id=about,
        operation=Operation.DROP_TABLE,
        sql=f"DROP TABLE `{LEFT.name}`",
        execution=ExecutionClass(),
        effects=(Effect(object_id=about, before=fingerprint("left"), after=None),),
    )
    before = ObjectBefore(object_id=about, definition=f"CREATE TABLE `{LEFT.name}` (`id` int)")
    touched = sorted((*found.touched, before), key=lambda one: one.object_id)
    more = replace(found, statements=(*found.statements, drop), touched=tuple(touched))
    managed = tuple(sorted((*PLAN.core.managed, about)))
    return replace(PLAN.core, managed=managed, change_sets=(more, *others), cleans=(LEFT,))


DROPPING = _dropping()


@pytest.mark.invariant("EN-33")
def test_a_leftover_that_is_dropped_makes_sense() -> None:
    assert list(core_errors(DROPPING)) == []


WRONG: dict[str, PlanCore] = {
    "a blank keyspace": replace(PLAN.core, keyspace=" "),
    "a command for an environment": replace(PLAN.core, environment="production; reboot"),
    "a shard twice": replace(PLAN.core, matching=("c0-", "-40")),
    "a shard nowhere": replace(PLAN.core, matching=()),
    "a shard with blanks": replace(PLAN.core, shards=("-40 ", *PLAN.core.shards[1:])),
    "a gap in the ranges": replace(PLAN.core, shards=PLAN.core.shards[1:]),
    "a wave missing": replace(PLAN.core, waves=PLAN.core.waves[:1]),
    "a shard in two waves": replace(PLAN.core, waves=(*PLAN.core.waves, ("-40",))),
    "tables out of order": replace(
        PLAN.core, managed=tuple(map(table_id, ("users", "orders", "zones")))
    ),
    "an unmanaged table": replace(PLAN.core, managed=tuple(map(table_id, ("orders", "zones")))),
    "a blank table": replace(
        PLAN.core, managed=tuple(map(table_id, (" ", "orders", "users", "zones")))
    ),
    "a leftover that stays": replace(PLAN.core, cleans=(LEFT,)),
    "a leftover that is changed": replace(PLAN.core, cleans=(replace(LEFT, name="users"),)),
    "a leftover twice": replace(DROPPING, cleans=(LEFT, LEFT)),
    "leftovers out of order": replace(DROPPING, cleans=(LEFT, replace(LEFT, apply_id=1))),
    "another goal": replace(PLAN.core, after=fingerprint("elsewhere")),
    "no statements": with_set(lambda s: _without(s, "statements")),
    "no shards": with_set(lambda s: _without(s, "shards")),
    "a broken chain": with_set(lambda s: replace(s, statements=(s.statements[0],) * 2)),
    "a touched table missing": with_set(lambda s: replace(s, touched=s.touched[:1])),
    "an effect that is none": with_set(
        lambda s: replace(
            s,
            statements=(
                replace(
                    s.statements[0],
                    effects=(
                        Effect(
                            object_id=table_id("users"),
                            before=fingerprint("a"),
                            after=fingerprint("a"),
                        ),
                    ),
                ),
            ),
        )
    ),
    "no effect": with_set(
        lambda s: replace(s, statements=(replace(s.statements[0], effects=()), *s.statements[1:]))
    ),
    "blank DDL": with_first_sql("  "),
    "DML": with_first_sql("DELETE FROM `users`"),
    "two statements": with_first_sql("ALTER TABLE `users` ADD `a` int; DROP TABLE `orders`"),
    "another table's DDL": with_first_sql("ALTER TABLE `secrets` ADD `a` int"),
    "another database": with_first_sql("ALTER TABLE `mysql`.`users` ADD `a` int"),
    "an executable comment": with_first_sql(
        "ALTER TABLE `users` ADD `a` int /*!80000 , ADD b int */"
    ),
}


@pytest.mark.invariant("PL-7")
@pytest.mark.parametrize("what", WRONG)
def test_content_that_makes_no_sense_refuses(what: str) -> None:
    assert list(core_errors(WRONG[what]))


@pytest.mark.invariant("PL-8")
def test_what_is_wrong_inside_refuses_even_with_a_matching_id_and_readable_file() -> None:
    plan = with_core(with_first_sql("DROP TABLE `secrets`"))
    assert refusal(plan) == "plan-malformed"


def test_a_table_may_not_come_back_to_a_state_it_has_left() -> None:
    there, back = statement("users", 0), statement("users", 0)
    effect = back.effects[0]
    back = replace(back, effects=(replace(effect, before=effect.after, after=effect.before),))
    core = with_set(lambda s: replace(s, statements=(there, back)))
    assert any("come back" in wrong for wrong in core_errors(core))
