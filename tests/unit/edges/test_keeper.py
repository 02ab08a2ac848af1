"""What is done behind a process that was kept."""

from __future__ import annotations

from pathlib import Path

from reconciler.edges.keeper import run_afterwards


def test_the_command_behind_it_runs_where_nothing_can_be_written_of_it(tmp_path: Path) -> None:
    done = tmp_path / "done"
    run_afterwards(["touch", str(done)], tmp_path / "swept" / "container.log")
    assert done.exists()


def test_a_command_that_is_not_there_holds_nothing_up(tmp_path: Path) -> None:
    run_afterwards([str(tmp_path / "none")], tmp_path / "container.log")
