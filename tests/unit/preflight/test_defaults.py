"""Of which defaults of a new column it is asked whether it takes them."""

from __future__ import annotations

import pytest

from reconciler.preflight.model import Question, QuestionKind
from tests.unit.preflight.test_placed import asked, placed, table

BEFORE = table("`a` int DEFAULT NULL")


def asked_of(column: str) -> list[Question]:
    changes = placed(BEFORE, table("`a` int DEFAULT NULL", column))
    return asked(changes, 0, QuestionKind.COMPUTED, BEFORE)


@pytest.mark.parametrize(
    "column",
    [
        "`c` tinyint DEFAULT (300)",
        "`c` tinyint unsigned DEFAULT (-(1))",
        "`c` decimal(3,1) DEFAULT (100)",
        "`c` varchar(2) DEFAULT (_utf8mb4'abc')",
        "`c` int NOT NULL DEFAULT (NULL)",
        "`c` date DEFAULT (curdate() + 1)",
        "`c` datetime DEFAULT (now() - 1)",
    ],
)
def test_a_default_in_brackets_is_taken_for_fitting_by_nobody(column: str) -> None:
    """MySQL looks at none of them before there is a row."""
    assert asked_of(column)


@pytest.mark.parametrize(
    "column",
    [
        "`c` tinyint DEFAULT '3'",
        "`c` text DEFAULT (_utf8mb4'abc')",
        "`c` date DEFAULT (curdate())",
        "`c` datetime(3) DEFAULT CURRENT_TIMESTAMP(3)",
    ],
)
def test_of_a_default_that_fits_nothing_is_asked(column: str) -> None:
    assert not asked_of(column)
