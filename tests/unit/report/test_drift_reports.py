"""Drift as people read it: five words, five marks, and nothing unknown called fine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.report.compose.drift import drift_document
from reconciler.report.drift_words import MARKS, is_clean, verdict
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from tests.golden import samples
from tests.golden.samples import SHARDS
from tests.golden.scenarios import DRIFTED, MATCHING, PENDING_APPLY, UNREACHABLE

ALL = DriftOutcome(
    environment="production",
    keyspace="commerce",
    groups=(MATCHING, PENDING_APPLY, UNREACHABLE, DRIFTED),
    unmanaged=(("_swap", ("-40",)),),
)


@pytest.mark.invariant("RP-8")
def test_five_words_and_five_marks() -> None:
    assert len({*ShardMark}) == len(set(MARKS.values())) == 5
    text, markdown = write_text(drift_document([ALL])), write_markdown(drift_document([ALL]))
    for mark, sign in MARKS.items():
        assert sum(line.startswith(f"{sign} {mark} ") for line in text.split("\n")) == 1
        assert markdown.count(f"{sign} **{mark}**") == 1


def test_what_needs_a_person_stands_on_top() -> None:
    text = write_text(drift_document([ALL]))
    order = [text.index(f"\n{MARKS[mark]} {mark}") for mark in MARKS]
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
