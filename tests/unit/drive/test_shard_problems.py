"""What is said of a statement that got no lock: what waits, for whom, and what ends that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.drive.shard.problems import statement_failed, tried_in_vain
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.server import ServerError
from reconciler.ports.engine import Failed
from tests.sample_plans import statement

WAITED = ServerError(number=1205, message="the statement waited for a lock that another has")
ALTER = statement("page", 0)
LOOK = "SELECT `id` FROM `page` WHERE `title` IS NULL LIMIT 10"
SOMEBODY = "connection 129 of root for 46 s"


def last_words(blocker: str | None) -> tuple[str, str]:
    failed = Failed(error=WAITED, transient=True, blocker=blocker)
    problem = tried_in_vain(statement_failed("-40", ALTER, failed), 6, blocker)
    return problem.message, problem.recovery


def test_who_was_in_the_way_is_named_with_what_ends_it() -> None:
    message, recovery = last_words(SOMEBODY)
    assert "shard -40, table page" in message
    assert f"in the way: {SOMEBODY} (tried 6 times)" in message
    assert "`KILL` and the number of its connection" in recovery
    assert "`reconciler apply` runs what is left" in recovery


def test_where_nobody_was_seen_nobody_is_to_be_ended() -> None:
    message, recovery = last_words(None)
    assert "in the way" not in message
    assert "KILL" not in recovery


@pytest.mark.parametrize("blocker", [None, SOMEBODY])
def test_while_it_is_tried_again_nothing_has_to_be_done(blocker: str | None) -> None:
    failed = Failed(error=WAITED, transient=True, blocker=blocker)
    problem = statement_failed("-40", ALTER, failed)
    assert problem.recovery.startswith("nothing yet: it is tried again")


@pytest.mark.parametrize(("number", "shows"), [(1062, True), (1138, True), (1114, False)])
def test_rows_in_the_way_are_told_with_the_query_that_shows_them(number: int, shows: bool) -> None:
    hazards = tuple(
        Hazard(
            kind=HazardKind.MAY_FAIL_ON_ROWS, object="title", needs_permission=False, reason=reason
        )
        for reason in (f"rows with NULL make it fail; look with: {LOOK}", "no query is known")
    )
    error = ServerError(number=number, message="the server's words")
    failed = Failed(error=error, transient=False)
    problem = statement_failed("-40", replace(ALTER, hazards=hazards), failed)
    assert (f"may be in the way: {LOOK}; then fix the cause" in problem.recovery) is shows
    assert problem.recovery.endswith("runs what is left of the plan")
