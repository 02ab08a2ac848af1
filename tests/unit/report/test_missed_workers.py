"""Who is missed in a rollout is known by what was not answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.report.compose.rollouts import workers_lines
from reconciler.report.spans import Name, Text
from tests.golden.rollout_scenarios import NOW_S, RUNNING, WAITING


def missed(*, ordered_for_s: float, answers: bool = True) -> list[str]:
    """Of regions and those who decide who all asked for work 40 s ago."""
    look = replace(
        RUNNING,
        shown=RUNNING.shown if answers else None,
        ordered=(replace(WAITING, ordered_s=NOW_S - ordered_for_s),),
        workers=tuple(replace(seen, seen_s=NOW_S - 40) for seen in RUNNING.workers),
    )
    lines = workers_lines(look, NOW_S)
    return ["".join(s.text for s in line if isinstance(s, Name | Text)) for line in lines]


@pytest.mark.invariant("TM-10")
def test_who_answers_nothing_is_missed_though_temporal_heard_of_them_a_moment_ago() -> None:
    assert missed(ordered_for_s=2) == []
    assert missed(ordered_for_s=15) == ["us: no worker has taken its part since 14:19:45 UTC"]
    assert missed(ordered_for_s=2, answers=False) == ["rollouts: no worker answers"]
