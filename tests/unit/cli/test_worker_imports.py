"""What workers load, who run for months: nothing that they never use."""

from __future__ import annotations

import subprocess
import sys

import pytest

DECIDES = "reconciler.cli.worker, reconciler.edges.temporal.worker"
REGION = f"{DECIDES}, reconciler.cli.part_errands, reconciler.cli.part_proofs"


@pytest.mark.invariant("RG-87")
@pytest.mark.parametrize(
    ("modules", "left_alone"),
    [
        (DECIDES, ("rich", "requests", "sqlalchemy", "pymysql", "reconciler.flows.apply")),
        (REGION, ("rich", "requests", "reconciler.report.render", "reconciler.edges.github")),
    ],
    ids=["who decides", "a region"],
)
def test_a_worker_loads_nothing_for_terminals_forges_or_others_work(
    modules: str, left_alone: tuple[str, ...]
) -> None:
    program = f"import sys, {modules}; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not set(left_alone).intersection(done.stdout.split())
