"""Past applies and splits: a line each, and the way to what was left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.limits import STATUS_APPLIES_MAX
from reconciler.outcomes.apply import ApplyStatus, StatusOutcome
from reconciler.outcomes.split import SplitStatus
from reconciler.report.limits import PAST_APPLIES_SHOWN_MAX
from reconciler.report.render import Format, Presentation, status_report
from reconciler.reshard.phases import Phase
from tests.golden.scenarios import PAST, START_S
from tests.sample_splits import at

TEXT = Presentation(format=Format.TEXT)
APPLIES = tuple(
    replace(PAST[0], apply_id=90 - number, started_s=START_S - 60 * number)
    for number in range(STATUS_APPLIES_MAX)
)


def told(*applies: ApplyStatus, splits: int = 0) -> str:
    """As one line, for a command may stand on two."""
    ended = (SplitStatus(job=replace(at(Phase.DONE), job_id=60 - n)) for n in range(splits))
    seen = StatusOutcome(
        environment="production",
        applies=applies,
        now_s=START_S,
        is_history=True,
        splits=tuple(ended),
    )
    return " ".join(status_report(seen, TEXT).split())


@pytest.mark.invariant("RP-11")
def test_of_many_applies_the_newest_are_told_and_where_the_others_are() -> None:
    shown = told(*APPLIES)
    assert "production: 50 applies, the newest first" in shown
    assert shown.count("commerce completed") == PAST_APPLIES_SHOWN_MAX
    assert "- 66, " in shown
    assert "- 65, " not in shown
    assert "25 older: `reconciler audit commerce --environment production --before 66`" in shown
    assert "`reconciler status commerce --environment production --apply 90` shows one" in shown


@pytest.mark.invariant("RP-11")
def test_of_several_keyspaces_the_newest_of_all_are_told() -> None:
    """Each ledger counts for itself: of which the number is, a command could not say."""
    other = [replace(one, keyspace="shop", started_s=one.started_s + 1) for one in APPLIES]
    shown = told(*APPLIES, *other)
    assert "- 90, 2026-03-01 14:05:10 UTC: shop completed" in shown
    assert shown.index("14:05:10 UTC: shop") < shown.index("14:05:09 UTC: commerce")
    assert "75 older: `reconciler audit --environment production` lists" in shown


def test_of_several_deployments_each_apply_says_of_which_it_is() -> None:
    here = [
        replace(one, environment=f"production.{name}")
        for name in ("dr", "primary")
        for one in APPLIES
    ]
    shown = told(*here)
    assert "commerce in production.dr completed" in shown
    assert "75 older: `reconciler audit commerce --environment production` lists" in shown
    assert "`reconciler status commerce --environment production.dr --apply 90` shows" in shown


def test_a_region_and_what_went_wrong_are_in_the_line() -> None:
    shown = told(replace(PAST[1], region="eu"))
    assert "commerce, region eu failed (statement-failed) after 60.0 s; plan " in shown
    assert "older" not in shown


@pytest.mark.invariant("RP-11")
def test_splits_are_a_line_each_and_the_older_ones_a_command() -> None:
    shown = told(splits=10)
    assert "production: 10 splits, the newest first" in shown
    assert "- split 60 (-80 -> -40, 40-80): done, commerce, begun " in shown
    assert "split 52 " not in shown
    older = (
        "2 older: `reconciler status commerce --environment production --history --before-split 53`"
    )
    assert older in shown
