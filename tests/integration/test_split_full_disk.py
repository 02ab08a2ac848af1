"""A target without room: the split waits for some and says so, and its source serves on."""

from __future__ import annotations

from contextlib import closing

import pytest

from reconciler.drive.split.tick import run_tick
from reconciler.edges.server.process import RunningServer
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.phases import Phase
from tests.conftest import FreshDatabase, run_as_admin
from tests.integration.split_stage import TARGETS, SplitStage
from tests.integration.test_full_ledger import fill, small_server
from tests.sim.split.fate import Fate

__all__ = ["small_server"]


@pytest.mark.invariant("SP-51")
def test_a_split_whose_target_is_full_goes_on_when_it_has_room(
    small_server: RunningServer, mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    source, *targets = (
        fresh_database(mysql_server),
        *(fresh_database(small_server) for _ in TARGETS),
    )
    stage = SplitStage(mysql_server, source, tuple(targets), elsewhere=small_server)
    values = ", ".join(f"({n}, {n}, REPEAT('x', 200))" for n in range(2_000, 2_800))
    stage.on_source(f"INSERT INTO orders (id, customer, note) VALUES {values}")  # of many pages
    filled: list[str] = []

    def fill_up(label: str, fate: Fate) -> None:
        if label.endswith(".take") and not filled:
            filled.append(label)
            fill(small_server)

    with closing(stage.writer):
        result = run_tick(stage.world(fill_up), stage.order("first"))
        assert (result.how, result.job.phase) == (TickEnd.UNREACHABLE, Phase.BACKFILL)
        assert result.problem is not None
        assert "is full" in result.problem.message
        stage.on_source(
            "UPDATE orders SET note = 'served' WHERE id = (SELECT * FROM"
            " (SELECT MIN(id) FROM orders) AS first)"
        )
        run_as_admin(small_server, "DROP TABLE ledger.filler")
        assert run_tick(stage.world(), stage.order("second")).how is TickEnd.DONE
        stage.check_done()
