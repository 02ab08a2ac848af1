"""Whoever reviews a move reads what it costs, and every definition that it makes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.reshard.helper_tables import HelperNames, queue_table
from reconciler.reshard.plan.model import SplitSide, StatementUse
from reconciler.reshard.plan.readable import render_readable_split, shows_split
from reconciler.reshard.plan.spans import span_words
from reconciler.reshard.triggers import fence_triggers, guard_triggers, tracker_triggers
from tests.sample_split_plans import ORDERS, sample_core

CORE = sample_core()
TEXT = render_readable_split(CORE)


@pytest.mark.invariant("SP-70")
def test_every_definition_that_a_job_makes_is_shown_to_the_letter() -> None:
    names, table = HelperNames(0), ORDERS.shape
    made = [
        queue_table(names, table).sql,
        *(trigger.sql for trigger in tracker_triggers(names, table)),
        *(trigger.sql for trigger in fence_triggers(names, table)),
        *(trigger.sql for trigger in guard_triggers(names, table)),
        ORDERS.ddl.create,
        *ORDERS.ddl.foreign_keys,
    ]
    for sql in made:
        assert f"\n{sql};\n" in TEXT
    assert shows_split(TEXT, CORE)


@pytest.mark.invariant("SP-70")
def test_the_order_is_that_of_the_job() -> None:
    seen = list(dict.fromkeys((found.side, found.use) for found in CORE.statements))
    assert seen == [
        (SplitSide.SOURCE, StatementUse.FENCE_TABLE),
        (SplitSide.SOURCE, StatementUse.QUEUE),
        (SplitSide.SOURCE, StatementUse.TRACK),
        (SplitSide.SOURCE, StatementUse.FENCE),
        (SplitSide.TARGET, StatementUse.OWN_TABLE),
        (SplitSide.TARGET, StatementUse.TABLE),
        (SplitSide.TARGET, StatementUse.GUARD),
        (SplitSide.TARGET, StatementUse.FOREIGN_KEY),
    ]


def test_what_it_costs_is_said() -> None:
    words = " ".join(TEXT.replace("\n-- ", " ").split())
    for said in (
        "-80 is replaced by -40, 40-80, from version 1 of the routes",
        "writes to the sources are refused (error 31017) for at most 20 s",
        "every write to a table that moves also writes the row's key into a queue",
        "adds about 40 µs on MySQL or 25 µs on MariaDB to each row written",
        "kept for 7 days",
        "orders: each row goes to the target that has the key of customer",
        "country: all rows go to every target",
        "scratchpad: stays behind",
        "Not made on the targets: view totals; routines and events",
        "make events there turned off",
        "the cutover: by `reconciler release`",
    ):
        assert said in words, said


@pytest.mark.invariant("RP-6")
def test_a_name_cannot_leave_its_line() -> None:
    core = replace(CORE, left_behind=("view a\nDROP TABLE `orders`;",))
    assert "\nDROP TABLE" not in render_readable_split(core)
    assert shows_split(render_readable_split(core), core)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (30, "30 s"), (90, "90 s"), (120, "2 min"), (7200, "2 h"), (86400, "1 day")],
)
def test_a_time_is_said_as_a_spec_says_it(seconds: int, words: str) -> None:
    assert span_words(seconds) == words
