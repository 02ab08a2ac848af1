"""Whatever can stop a split behind its cutover has a runbook, and no runbook is of nothing."""

from __future__ import annotations

import re

import click
import pytest

from reconciler.cli.main import VERBS, reconciler
from tests.tidy.error_codes import found_codes
from tests.tidy.marks import marked_with
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


def test_every_runbook_is_rehearsed() -> None:
    """By a test that brings the failure about, does what stands there, and goes on to the end."""
    assert marked_with("runbook").keys() == runbook_codes()


def commands_named() -> list[str]:
    """`reconciler ...`, to the end of its code."""
    found = re.findall(r"(?:`|^)(reconciler [a-z][^`#\n]*)", RUNBOOK.read_text(), re.MULTILINE)
    return sorted({one.strip() for one in found})


@pytest.mark.parametrize("command", commands_named())
def test_a_command_of_a_runbook_is_one(command: str) -> None:
    """With each of its options, and none of another command."""
    _, verb, *rest = command.split()
    assert verb in VERBS
    found = reconciler.get_command(click.Context(reconciler), verb)
    if isinstance(found, click.Group):
        found = found.commands[rest.pop(0)]
    assert found is not None
    options = {name for one in found.params for name in one.opts}
    assert {word for word in rest if word.startswith("-")} <= options
