"""The readable plan: exact statements, and comments that stay comments."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.object_id import table_id
from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.model import NO_WORDS
from reconciler.plan.readable import render_readable_sql, shows_statements
from reconciler.plan.visible import is_hidden
from tests.golden.samples import (
    ADD_EMAIL,
    DIVERGENT,
    NOT_ALLOWED,
    UNIFORM,
    WIDE,
    WIDE_SHARDS,
    change_set,
    plan,
)


@pytest.mark.invariant("PL-11")
def test_every_statement_stands_in_it_exactly() -> None:
    text = render_readable_sql(UNIFORM.core)
    for statement in UNIFORM.core.change_sets[0].statements:
        assert f"\n{statement.sql};\n" in text


@pytest.mark.invariant("PL-11")
def test_it_is_made_without_its_own_hash() -> None:
    core = UNIFORM.core
    assert render_readable_sql(replace(core, words=NO_WORDS)) == render_readable_sql(core)


@pytest.mark.parametrize(("shards", "verb"), [(("-40",), "changes"), (("-40", "40-80"), "change")])
def test_one_shard_changes_and_several_change(shards: tuple[str, ...], verb: str) -> None:
    text = render_readable_sql(plan(change_set(shards, ADD_EMAIL)).core)
    assert re.search(rf"-- {len(shards)} of \d+ shards? {verb}, in 1 change set", text)


@pytest.mark.invariant("PL-11")
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=4))
def test_what_is_rendered_shows_the_statements_whatever_they_hold(texts: list[str]) -> None:
    """Statements of several lines, and lines that look like remarks, among them."""
    statements = [replace(ADD_EMAIL, sql=f"ALTER TABLE `t` COMMENT '{text}'") for text in texts]
    core = plan(change_set(("-40",), ADD_EMAIL, *statements)).core
    assert shows_statements(render_readable_sql(core), core)


@pytest.mark.invariant("RP-6")
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_nothing_from_outside_leaves_its_comment_line(text: str) -> None:
    hazard = Hazard(kind=HazardKind.RENAME, object=text, reason=text, needs_permission=False)
    hostile = replace(ADD_EMAIL, object_id=table_id(text), hazards=(hazard,))
    core = replace(plan(change_set(("-40",), hostile)).core, keyspace=text, environment=text)
    lines = render_readable_sql(core).removesuffix(f"{ADD_EMAIL.sql};\n").split("\n")
    assert all(line.startswith("--") for line in lines if line)
    assert not any("\r" in line or "\u2028" in line for line in lines)


def test_a_name_that_imitates_a_comment_is_pointed_out() -> None:
    hostile = replace(ADD_EMAIL, sql="ALTER TABLE `t` ADD COLUMN `a\n-- nothing runs` int")
    text = render_readable_sql(plan(change_set(("-40",), hostile)).core)
    assert "CAUTION: hidden characters in this statement, in ⟦brackets⟧: U+000A" in text
    assert "ADD COLUMN `a⟦U+000A⟧-- nothing runs` int;" in text


@pytest.mark.invariant("PL-15")
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_the_whole_file_hides_nothing(text: str) -> None:
    hostile = replace(ADD_EMAIL, object_id=table_id(text), sql=f"ALTER TABLE `t` COMMENT '{text}'")
    shown = render_readable_sql(plan(change_set(("-40",), hostile)).core)
    assert {character for character in shown if is_hidden(character)} <= {"\n"}


def test_permission_is_told_both_ways() -> None:
    assert "allowed: unused since March" in render_readable_sql(DIVERGENT.core)
    assert "NOT ALLOWED by policy" in render_readable_sql(NOT_ALLOWED.core)


@pytest.mark.invariant("RP-2")
def test_a_wide_set_is_counted_and_then_listed_in_full() -> None:
    text = render_readable_sql(WIDE.core)
    assert "Change set 1 of 3: 12 of 32 shards" in text
    listed = text.partition("12 of 32 shards\n")[2].partition("before")[0]
    assert all(f" {shard}" in listed for shard in WIDE_SHARDS[:12])
    assert max(map(len, listed.split("\n"))) <= 100
