"""What rows answered is kept as it was, asked of a file, of MySQL and of MariaDB."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Unavailable
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Holds

FIRST, SECOND = AskedOf("-80", "sha256:1"), AskedOf("80-", "sha256:1")
OF = ("production", "commerce")


def test_answers_are_kept_replaced_and_forgotten_in_time(ledger: SqlLedger) -> None:
    answers = ledger.row_answers
    seen = Holds(at_s=1.5, rows_seen=1 << 40, behind_s=3)
    answers.keep(*OF, {FIRST: seen, SECOND: Holds(at_s=2.5)}, forget_before_s=0.0)
    answers.keep("production", "orders", {FIRST: seen}, forget_before_s=0.0)
    assert answers.held(*OF, since_s=0.0) == {FIRST: seen, SECOND: Holds(at_s=2.5)}
    assert answers.held(*OF, since_s=2.0) == {SECOND: Holds(at_s=2.5)}
    assert answers.held("staging", "commerce", since_s=0.0) == {}
    answers.keep(*OF, {SECOND: Holds(at_s=9.0)}, forget_before_s=2.0)
    assert answers.held(*OF, since_s=0.0) == {SECOND: Holds(at_s=9.0)}
    answers.keep(*OF, {}, forget_before_s=10.0)
    assert answers.held(*OF, since_s=0.0) == {}
    assert answers.held("production", "orders", since_s=0.0) == {FIRST: seen}


def test_an_answer_that_nobody_can_have_kept_is_refused_by_name(ledger: SqlLedger) -> None:
    ledger.row_answers.keep(*OF, {FIRST: Holds(at_s=1.5)}, forget_before_s=0.0)
    with writing(ledger._engine) as connection:
        connection.execute(text("UPDATE reconciler_row_answers SET rows_seen = -1"))
    with pytest.raises(Unavailable, match="table row_answers holds in rows_seen"):
        ledger.row_answers.held(*OF, since_s=0.0)
