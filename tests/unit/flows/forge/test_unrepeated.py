"""What a process has told a forge it does not tell again; what was not taken, it does."""

from __future__ import annotations

import pytest

from reconciler.errors import Unavailable
from reconciler.flows.forge.unrepeated import Said, UnrepeatedNotices
from tests.offline_forge import HEAD, MERGED, KeptNotices

CONTEXT = "reconciler/production/apply/shop"


def said_twice(state: str, description: str, *, forge: KeptNotices, said: Said) -> None:
    for _ in range(2):  # as two errands would, each with notices of its own
        notices = UnrepeatedNotices(forge, said)
        notices.set_status(MERGED, CONTEXT, state=state, description=description, url="x")
        notices.keep_comment(7, f"first line\n{description}")


def test_the_same_is_said_once_and_something_new_at_once() -> None:
    forge, said = KeptNotices(), Said()
    for description in ("refused", "refused", "completed", "refused"):
        said_twice("failure", description, forge=forge, said=said)
    told = [status.description for _, _, status in forge.said]
    assert told == ["refused", "completed", "refused"]
    assert forge.comments(7) == ["first line\nrefused"]


def test_each_commit_and_each_context_has_its_own() -> None:
    forge, said = KeptNotices(), Said()
    notices = UnrepeatedNotices(forge, said)
    for commit in (MERGED, HEAD):
        for context in (CONTEXT, "reconciler/staging/apply/shop"):
            notices.set_status(commit, context, state="success", description="done", url="x")
    assert len(forge.said) == 4


def test_what_the_forge_did_not_take_is_said_again() -> None:
    forge, said = KeptNotices(is_down=True), Said()
    notices = UnrepeatedNotices(forge, said)
    with pytest.raises(Unavailable):
        notices.set_status(MERGED, CONTEXT, state="failure", description="refused", url="x")
    forge.is_down = False
    notices.set_status(MERGED, CONTEXT, state="failure", description="refused", url="x")
    assert len(forge.said) == 1
