"""What copies of one server need is counted together, in the order in which they asked."""

from __future__ import annotations

import pytest

from reconciler.drive.shard.room import CopyRoom


@pytest.mark.invariant("EN-60")
def test_who_asks_is_told_what_those_before_need_on_that_server() -> None:
    room = CopyRoom()
    assert room.ask("-40", "one", 100) == 0
    assert room.ask("40-80", "another", 70) == 0
    assert room.ask("80-c0", "one", 50) == 100
    assert room.ask("c0-", "one", 30) == 150
    assert room.ask("-40", "one", 100) == 0, "it was the first, and stays it"


@pytest.mark.invariant("EN-60")
def test_what_was_written_and_what_has_ended_is_needed_no_more() -> None:
    room = CopyRoom()
    room.ask("-40", "one", 100)
    room.needs("-40", "one", 20)
    assert room.ask("40-80", "one", 50) == 20
    room.done("-40")
    room.done("-40")
    assert room.ask("40-80", "one", 50) == 0
    assert room.ask("-40", "one", 100) == 50, "behind those that came meanwhile"
