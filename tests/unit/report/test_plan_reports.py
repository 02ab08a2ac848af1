"""A plan as people read it: grouped, counted once, the dangers named."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from reconciler.errors import Problem
from reconciler.model.engine import EngineName
from reconciler.model.fleet import even_shards
from reconciler.model.object_id import table_id
from reconciler.model.observation import TableFacts
from reconciler.model.policy import Allow, HazardKind
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.plan.build import row_counts
from reconciler.plan.codec import plan_from_core
from reconciler.plan.model import InputDigest, Plan
from reconciler.report.compose.opening import failures_document
from reconciler.report.compose.plan import plan_document, show_document, verify_document
from reconciler.report.forge_words import apply_status, verify_status
from reconciler.report.next_steps import verify_verdict
from reconciler.report.refusals import failed_verdict
from reconciler.report.summary import Danger, changes_line, summarise
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from tests.golden import samples
from tests.golden.samples import ADD_EMAIL, ADD_INDEX, SHORTEN_NOTE, change_set, plan
from tests.sample_vschema import LAST


def reports(made: Plan) -> tuple[str, str]:
    outcome = PlanOutcome(environment="production", keyspace="commerce", plan=made)
    return write_text(plan_document([outcome])), write_markdown(plan_document([outcome]))


@pytest.mark.invariant("RP-1")
def test_a_uniform_plan_shows_its_ddl_once() -> None:
    for report in reports(samples.UNIFORM):
        assert report.count(ADD_EMAIL.sql) == 1
        assert "Change set 1 of 1: all 4 shards" in report
        assert "lready matching" not in report


@pytest.mark.invariant("RP-1")
def test_a_divergent_plan_shows_one_block_for_each_change_set_and_the_matching_shards() -> None:
    text, markdown = reports(samples.DIVERGENT)
    assert "Change set 1 of 2: shards -40, 40-80" in text
    assert "Change set 2 of 2: shard 80-c0" in text
    assert "Already matching\n  shard c0-; nothing runs there." in text
    assert "#### Change set 2 of 2: shard `80-c0`" in markdown
    assert markdown.count("```sql") == 5
    assert "**Already matching:** shard `c0-`" in markdown


@pytest.mark.invariant("RP-2")
@pytest.mark.parametrize(
    ("changing", "words"),
    [
        (1, "shard -08"),
        (8, "shards -08, 08-10, 10-18, 18-20, 20-28, 28-30, 30-38, 38-40"),
        (9, "9 of 32 shards"),
        (31, "31 of 32 shards"),
        (32, "all 32 shards"),
    ],
)
def test_shards_are_named_where_a_line_can_hold_them(changing: int, words: str) -> None:
    shards = even_shards(32)
    text, markdown = reports(plan(change_set(shards[:changing], ADD_EMAIL), shards=shards))
    assert f"Change set 1 of 1: {words}\n" in text
    assert f"Change set 1 of 1: {words}\n" in markdown.replace("`", "")


@pytest.mark.invariant("RP-4")
def test_ddl_of_one_shard_only_is_counted_and_never_no_changes() -> None:
    made = plan(change_set(("80-c0",), ADD_INDEX))
    assert changes_line(summarise(made.core)) == "1 of 4 shards changes, 3 already match"
    for report in reports(made):
        assert "nothing to do" not in report
        assert ADD_INDEX.sql in report


@pytest.mark.invariant("RP-4")
def test_a_danger_that_two_change_sets_bring_is_counted_once() -> None:
    summary = summarise(samples.DIVERGENT.core)
    assert summary.destructive == (
        Danger(table_id("orders"), "narrow-type", "note"),
        Danger(table_id("users"), "drop-column", "legacy"),
    )
    assert summary.statements == 5
    assert (summary.changing, summary.matching, summary.shards) == (3, 1, 4)


@pytest.mark.invariant("RP-4")
def test_the_worst_class_is_the_one_that_is_felt_most() -> None:
    worst = summarise(samples.DIVERGENT.core).worst
    assert worst == ("1.3", SHORTEN_NOTE)


@pytest.mark.invariant("RP-4")
def test_what_an_engine_copies_is_worse_than_what_moves_metadata_alone() -> None:
    copied = replace(SHORTEN_NOTE, engine=EngineName.VITESS)
    made = plan(change_set(samples.SHARDS, ADD_EMAIL, copied))
    assert summarise(made.core).worst == ("1.2", copied)
    for report in reports(made):
        assert "VITESS COPY" in report
        assert "Vitess' Online DDL copies the table" in report


@pytest.mark.invariant("RP-4")
def test_a_keyspace_of_vitess_with_nothing_to_do_says_so_of_its_vschema_too() -> None:
    digest = InputDigest(path="schemas/commerce/vschema.json", sha256="0" * 64)
    of_vitess = replace(plan().core, inputs=(digest,))
    assert changes_line(summarise(plan().core)) == "nothing to do, all 4 shards match git"
    told = "nothing to do, all 4 shards and the VSchema match git"
    assert changes_line(summarise(of_vitess)) == told


@pytest.mark.invariant("RV-7")
def test_the_lines_to_add_allow_exactly_what_was_missing() -> None:
    made = plan(change_set(samples.SHARDS, ADD_EMAIL, SHORTEN_NOTE), allow=())
    outcome = PlanOutcome(
        environment="production",
        keyspace="commerce",
        plan=made,
        refusals=(samples.PERMISSION_MISSING,),
    )
    for report in (write_text(plan_document([outcome])), write_markdown(plan_document([outcome]))):
        lines = [line.strip() for line in report.split("\n") if line.strip().startswith("- {")]
        allow = tuple(read(line) for line in lines)
        assert len(allow) == 2
        assert summarise(plan(*made.core.change_sets, allow=allow).core).not_allowed == ()


def read(line: str) -> Allow:
    (entry,) = yaml.safe_load(line)
    about = table_id(entry.pop("table"))
    return Allow(**{**entry, "object_id": about, "hazard": HazardKind(entry["hazard"])})


def test_verify_says_of_a_plan_with_steps_that_the_vschema_is_part_of_it() -> None:
    made = plan()
    stepped = plan_from_core(replace(made.core, vschema=(LAST,)), made.meta)

    def verdict(state: VerifyState) -> str:
        return verify_verdict(
            VerifyOutcome(environment="production", keyspace="commerce", state=state, plan=stepped)
        )

    assert "every shard and the VSchema are where plan" in verdict(VerifyState.APPLIED)
    assert "what the shards and the VSchema need" in verdict(VerifyState.VERIFIED)


@pytest.mark.parametrize(
    ("exit_code", "count", "verdict"),
    [(3, 2, "refused for 2 reasons"), (3, 1, "refused for 1 reason"), (1, 2, "failed, 2 problems")],
)
def test_what_a_guard_refuses_early_is_titled_as_its_exit_code_says(
    exit_code: int, count: int, verdict: str
) -> None:
    problem = Problem(code="vitess-shard-not-serving", message="no primary", recovery="give one")
    failed = KeyspaceFailed(
        environment="production",
        keyspace="shop",
        problems=(problem,) * count,
        exit_code=exit_code,
    )
    assert failed_verdict(failed) == verdict
    (report,) = failures_document([failed]).reports
    assert report.title is not None
    assert verdict in str(report.title.verdict)
    assert verify_status([failed]) == apply_status([failed]) == f"shop: {verdict}"


@pytest.mark.invariant("RP-12")
def test_what_a_plan_destroys_is_named_below_a_verdict_that_is_no_praise() -> None:
    outcome = VerifyOutcome(
        environment="production",
        keyspace="commerce",
        state=VerifyState.VERIFIED,
        plan=samples.DIVERGENT,
    )
    markdown = write_markdown(verify_document([outcome]))
    _, title, alert, *_ = filter(None, markdown.split("\n"))
    assert title.startswith("### \N{WARNING SIGN}")
    assert alert == "> [!WARNING]"
    assert "drop-column users.legacy on shards -40, 40-80, 80-c0" in markdown


def test_rows_are_those_of_a_change_sets_own_shards_the_largest_first() -> None:
    facts = {
        shard: {"users": TableFacts(rows=rows)}
        for shard, rows in zip(samples.SHARDS, (5_039, 4_000, 0, 31_106), strict=True)
    }
    counts = row_counts(facts, samples.DIVERGENT.core.change_sets)
    made = replace(samples.DIVERGENT, meta=replace(samples.DIVERGENT.meta, counts=counts))
    text, _ = reports(made)
    assert "users, about 5,039 rows on the largest shard, 9,039 in all" in text
    assert "users, about 0 rows\n" in text.partition("Change set 2 of 2")[2]


def test_a_stored_plan_says_that_its_rows_are_of_all_shards() -> None:
    text = write_text(show_document(samples.STORED))
    assert "users, about 24,010 rows on all shards" in text


def test_what_changes_a_table_that_the_plan_creates_blocks_nobody() -> None:
    add_parent = replace(SHORTEN_NOTE, object_id=samples.NEW_TABLE.object_id)
    made = plan(change_set(samples.SHARDS, samples.NEW_TABLE, add_parent, ADD_EMAIL))
    text, markdown = reports(made)
    assert "COPY: the table is new and holds no row then, nothing waits" in text
    assert "worst class  INSTANT" in text
    for report in (text, markdown):
        assert "blocks-writes" not in report
        assert "narrow-type" in report
    last = plan(change_set(samples.SHARDS, SHORTEN_NOTE, ADD_EMAIL))
    assert "blocks-writes" in reports(last)[0]
