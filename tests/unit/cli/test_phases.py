"""What goes on before anything is sent is told, and changes nothing of what is asked."""

from __future__ import annotations

from reconciler.cli.phases import Phases, _ToldWorkers
from reconciler.edges.workers import ThreadWorkers


class At:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_phase_says_what_how_many_of_how_many_and_for_how_long() -> None:
    at = At()
    phases = Phases(at)
    with phases.phase("proving", of=12) as one_more:
        one_more()
        at.now_s = 3.0
        assert phases.lines() == ("proving, 1 of 12, 3.00 s",)
    assert phases.lines() == ()


def test_a_phase_that_fails_is_over() -> None:
    phases = Phases()
    try:
        with phases.phase("looking at 8 shards"):
            raise ValueError
    except ValueError:
        assert phases.lines() == ()


def test_a_log_is_told_of_a_phase_that_lasts_and_then_each_minute() -> None:
    at = At()
    phases = Phases(at)
    with phases.phase("looking at 1,000 shards"):
        at.now_s = 4.9
        assert phases.long_ones() == ()
        told = set()
        for second in range(5, 130):
            at.now_s = float(second)
            told |= {about for about, _ in phases.long_ones()}
        assert len(told) == 3


def test_work_is_counted_once_and_answered_as_it_was() -> None:
    phases = Phases()
    workers = _ToldWorkers(ThreadWorkers(), phases)
    seen: list[tuple[str, ...]] = []

    def cohort(number: int) -> list[int]:
        seen.append(phases.lines())
        return workers.map(lambda part: part * number, [1, 2, 3], parallel=1)

    assert workers.map(cohort, [1, 10], parallel=1) == [[1, 2, 3], [10, 20, 30]]
    assert [len(lines) for lines in seen] == [1, 1]
    assert "1 of 2" in seen[1][0]
