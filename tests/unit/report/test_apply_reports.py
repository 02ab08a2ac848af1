"""An apply as people read it: the first failure on top, and each shard's own in its row."""

from __future__ import annotations

import pytest

from reconciler.errors import Problem
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.report.apply_words import MARKS, first_problem
from reconciler.report.compose.apply import apply_document
from reconciler.report.progress import progress_line
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from tests.golden import samples
from tests.golden.scenarios import FAILED, PROGRESS, TWO_FAILED, operation, row


def reports(problem: Problem | None) -> tuple[str, str]:
    outcome = ApplyOutcome(
        environment="production",
        keyspace="commerce",
        verdict=ApplyVerdict.FAILED,
        shards=TWO_FAILED,
        problem=problem,
    )
    return write_text(apply_document([outcome])), write_markdown(apply_document([outcome]))


@pytest.mark.invariant("RP-3")
@pytest.mark.parametrize("problem", [samples.DUPLICATES, None], ids=["its own", "the first task's"])
def test_the_first_failure_is_on_top_and_both_are_in_their_rows(
    problem: Problem | None,
) -> None:
    text, markdown = reports(problem)
    for report in (text, markdown):
        top, _, rows = report.partition("Shards\n" if report is text else "| Shard |")
        assert "shard 40-80" in top.replace("`", "")
        assert "Duplicate entry" in top
        assert "waited for a lock" not in top
        assert "Duplicate entry" in rows
        assert "waited for a lock" in rows


@pytest.mark.invariant("RP-3")
def test_first_means_first_in_the_order_of_the_rollout() -> None:
    canary_last = (
        row("00-80", 2, operation("users", FAILED, 0, problem=samples.LOCK_WAIT)),
        row("80-", 1, operation("users", FAILED, 0, problem=samples.DUPLICATES)),
    )
    assert first_problem(None, canary_last) == ("80-", samples.DUPLICATES)


@pytest.mark.invariant("ST-5")
def test_an_early_end_that_is_no_shards_own_is_on_top() -> None:
    text, _ = reports(samples.SERVER_DIED)
    assert text.index(samples.SERVER_DIED.message.split("\n")[0]) < text.index("Duplicate entry")


def test_states_have_marks_of_their_own_but_for_the_two_that_run() -> None:
    assert len(set(MARKS.values())) == len(MARKS) - 1


def test_every_progress_event_is_one_line() -> None:
    lines = [progress_line(event) for event in PROGRESS]
    assert all(len(line.splitlines()) == 1 for line in lines)
    assert lines[0].startswith("14:05:09 commerce apply 17 goes on")
