"""Whatever can stop a split behind its cutover has a runbook, and no runbook is of nothing."""

from __future__ import annotations

import re

from tests.tidy.error_codes import found_codes
from tests.tidy.write_errors import RUNBOOK, runbook_codes

#: Where a tick, a server or the ledger says why a split stops.
ROOMS = (
    "reconciler/drive/split/",
    "reconciler/edges/ledger/splits/",
    "reconciler/edges/ledger/unfinished.py",
    "reconciler/edges/mysql/split/",
    "reconciler/edges/vitess/reshard_reading.py",
    "reconciler/edges/vitess/reshards.py",
    "reconciler/reshard/batches.py",
    "reconciler/reshard/catalog.py",
    "reconciler/reshard/decide.py",
    "reconciler/reshard/failures.py",
    "reconciler/reshard/row_sql.py",
    "reconciler/reshard/transitions.py",
    "reconciler/reshard/vitess/failures.py",
)


def said_by_a_split() -> set[str]:
    return {use.code for use in found_codes().uses if use.place.startswith(ROOMS)}


def without_one() -> set[str]:
    text = RUNBOOK.read_text(encoding="utf-8").partition("## No runbook needed")[2]
    return set(re.findall(r"^- \[`([a-z-]+)`\]", text, re.MULTILINE))


def test_every_code_of_a_split_has_a_runbook_or_is_said_to_need_none() -> None:
    undecided = said_by_a_split() - runbook_codes() - without_one()
    assert not undecided, "give these a section in docs/runbooks/split.md, or list them at its end"
    assert not runbook_codes() & without_one()


def test_no_runbook_is_of_a_code_that_nobody_says() -> None:
    assert not (runbook_codes() | without_one()) - said_by_a_split()
