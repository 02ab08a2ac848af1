"""Every command that README and the pages show is typed by a test, or is said to be run elsewhere,
with what it needs."""

from __future__ import annotations

import re

import pytest

from tests.documented import Elsewhere, blocks, elsewhere, pages, sessions, shown, steps
from tests.tidy.source import ROOT


def typed() -> set[str]:
    return {step.run for session in sessions() for step in steps(session) if step.run}


def listed() -> set[str]:
    return {command for entry in elsewhere() for command in entry.commands}


def test_every_command_of_a_page_is_typed_by_a_test() -> None:
    """Else give it a step in a file of `tests/cases/docs/`, or a place in `elsewhere.yaml`."""
    missing = {command: shown()[command] for command in shown().keys() - typed() - listed()}
    assert missing == {}


def test_every_command_that_is_typed_stands_on_a_page() -> None:
    assert not (typed() | listed()) - shown().keys()
    assert not typed() & listed()


def test_every_block_of_a_page_says_what_it_is() -> None:
    """`sh` and `console` are commands; what is shown of an answer is `text`."""
    found = [block for page in pages() for block in blocks(page)]
    assert len(found) > 50
    assert [block for block in found if not block.language] == []


@pytest.mark.parametrize("entry", elsewhere(), ids=lambda entry: entry.needs)
def test_what_is_run_elsewhere_is_in_the_files_that_are_named(entry: Elsewhere) -> None:
    """Each verb and option of the product, in one of them."""
    assert entry.run_by, "no command of a page is without a test"
    said = "".join((ROOT / path).read_text(encoding="utf-8") for path in entry.run_by)
    for command in entry.commands:
        words = re.sub(r"^(.* )?reconciler |^.*", "", command, count=1).split()
        verb = words[:2] if words[:1] == ["ci"] else words[:1]
        asked = [*verb, *(word.partition("=")[0] for word in words if word.startswith("--"))]
        assert [word for word in asked if not re.search(rf"(?<![\w-]){word}\b", said)] == [], (
            command
        )
