"""Drift as people read it: ten words, ten marks, and nothing unknown called fine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.object_id import table_id
from reconciler.model.shadow_tables import ShadowGroup, ShadowMark
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark, TableDifference
from reconciler.outcomes.ends import drift_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.report.compose.drift import drift_document
from reconciler.report.drift_words import MARKS, SHADOW_MARKS, is_clean, verdict
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from tests.golden import samples
from tests.golden.samples import SHARDS
from tests.golden.scenarios import (
    DRIFTED,
    LEFT_TRIGGER,
    MATCHING,
    PENDING_APPLY,
    QUARANTINED,
    SHADOWS,
    UNREACHABLE,
)

ALL = DriftOutcome(
    environment="production",
    keyspace="commerce",
    groups=(MATCHING, PENDING_APPLY, QUARANTINED, UNREACHABLE, DRIFTED),
    unmanaged=(("_swap", ("-40",)),),
    shadows=SHADOWS,
)


@pytest.mark.invariant("RP-8")
def test_ten_words_and_ten_marks() -> None:
    every = [*((str(mark), sign) for mark, sign in MARKS.items())]
    every += [(str(mark), sign) for mark, sign in SHADOW_MARKS.items()]
    assert len({*ShardMark, *ShadowMark}) == len({sign for _, sign in every}) == 10
    text, markdown = write_text(drift_document([ALL])), write_markdown(drift_document([ALL]))
    for mark, sign in every:
        assert sum(line.startswith(f"{sign} {mark} ") for line in text.split("\n")) == 1
        assert markdown.count(f"{sign} **{mark}**") == 1


def test_what_needs_a_person_stands_on_top() -> None:
    text = write_text(drift_document([ALL]))
    every = [*MARKS.items()][:-1], [*SHADOW_MARKS.items()], [*MARKS.items()][-1:]
    order = [text.index(f"\n{sign} {mark}") for part in every for mark, sign in part]
    assert order == sorted(order)


@pytest.mark.invariant("GD-5")
@pytest.mark.parametrize("group", [UNREACHABLE, DRIFTED, PENDING_APPLY], ids=lambda g: g.mark)
def test_no_shard_that_is_not_matching_is_in_sync(group: DriftGroup) -> None:
    outcome = DriftOutcome(environment="e", keyspace="k", groups=(MATCHING, group))
    assert not is_clean(outcome)
    assert "in sync" not in verdict(outcome)


@pytest.mark.invariant("GD-5")
def test_a_refused_shard_is_not_left_out_of_the_count() -> None:
    refusal = samples.LOST_REFUSAL
    outcome = DriftOutcome(
        environment="e", keyspace="k", groups=(MATCHING, DRIFTED), refusals=(refusal,)
    )
    assert verdict(outcome) == "refused for 1 reason, 1 drifted"
    assert "all 2 shards" not in write_text(drift_document([outcome]))


def test_what_one_shard_drifted_to_is_pulled_from_that_shard() -> None:
    """By itself `pull` takes what most shards have: with one shard off, that is what git says."""
    assert "pull commerce --environment production --from 80-c0`" in write_text(
        drift_document([ALL])
    )
    everywhere = replace(DRIFTED, shards=SHARDS)
    text = write_text(drift_document([replace(ALL, groups=(everywhere,))]))
    assert "`reconciler pull commerce --environment production`" in text


def test_drift_offers_both_ways_and_takes_none() -> None:
    text = write_text(drift_document([ALL]))
    assert "`reconciler plan commerce --environment production --write`" in text
    assert "`reconciler pull commerce --environment production --from 80-c0`" in text
    assert "ALTER TABLE `users` DROP KEY `by_hand`" in text


@pytest.mark.invariant("EN-31")
@pytest.mark.parametrize("shadow", SHADOWS, ids=lambda shadow: shadow.mark)
def test_what_somebody_must_do_something_about_is_not_in_sync(shadow: ShadowGroup) -> None:
    outcome = DriftOutcome(environment="e", keyspace="k", groups=(MATCHING,), shadows=(shadow,))
    is_fine = shadow.mark in (ShadowMark.IN_PROGRESS, ShadowMark.KEPT)
    assert is_clean(outcome) is is_fine
    assert drift_code(outcome) is (ExitCode.FINE if is_fine else ExitCode.DIFFERENCES)
    assert ("in sync" in verdict(outcome)) is is_fine
    assert (f"1 {shadow.mark} table" in verdict(outcome)) is not is_fine
    shown = write_text(drift_document([outcome]))
    assert f"table {shadow.name} on " in shown
    assert ("apply 17" in shown) is (shadow.mark is not ShadowMark.FOREIGN)


@pytest.mark.invariant("EN-82")
def test_of_triggers_drift_says_what_clean_does_not_do() -> None:
    alone = DriftOutcome(environment="e", keyspace="k", groups=(MATCHING,), shadows=(LEFT_TRIGGER,))
    text = write_text(drift_document([alone]))
    assert "leftover       trigger pt_osc_shop_orders_ins on" in text
    assert "1 leftover trigger" in text
    assert "reconciler clean" not in text
    said = " ".join(text.split())
    assert "drop the leftover triggers of orders by hand" in said
    both = write_text(drift_document([replace(alone, shadows=(*SHADOWS, LEFT_TRIGGER))]))
    assert both.index("drop the leftover triggers") < both.index("reconciler clean")


def test_nobody_is_told_to_take_over_one_of_several_drifts_or_what_a_shard_has_lost_unasked() -> (
    None
):
    gone = TableDifference(
        object_id=table_id("log"),
        what="the table is in git, not on live",
        git="CREATE TABLE `log` (`id` int)",
    )
    lost = DriftGroup(mark=ShardMark.DRIFTED, shards=SHARDS[:1], differences=(gone,))

    def told(*groups: DriftGroup) -> str:
        outcome = DriftOutcome(environment="e", keyspace="k", groups=(MATCHING, *groups))
        return " ".join(write_text(drift_document([outcome])).split())

    assert "the state of one of them the wanted one: `reconciler pull k" in told(DRIFTED, lost)
    assert "--from SHARD`" in told(DRIFTED, lost)
    assert "`, and commit the files it changes, which take log out of git" in told(lost)
    assert "out of git" not in told(DRIFTED)
