"""An `init` that cannot go on says each reason once, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import pytest

from reconciler.errors import Problem, Refused, Unavailable
from reconciler.flows.init import found_keyspace
from reconciler.model.server import ServerSettings
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.ports.world import World
from tests.offline_fleet import ENVIRONMENT, KEYSPACE, SPEC, STATES, Files, fleet, world


def founded(there: World, files: Files) -> None:
    found_keyspace(
        lambda _: there, SPEC, KEYSPACE, ENVIRONMENT, tree=files, writer=files, source=None
    )


def test_a_reason_that_all_shards_share_is_told_once() -> None:
    files = Files()
    shards = fleet(STATES[2])
    shards.shown |= {"db--80": None, "db-80-": None}
    with pytest.raises(Refused) as refused:
        founded(world(shards), files)
    [problem] = refused.value.problems
    assert problem.message.startswith("shards -80, 80- could not be observed: ")
    assert files.content == {}


@dataclass
class LosingScratch:
    """`Scratch` that can be asked so many times."""

    scratch: Scratch
    left: int

    def keep_off(self, servers: Collection[str]) -> None:
        self.scratch.keep_off(servers)

    def database(self, settings: ServerSettings) -> AbstractContextManager[ScratchDatabase]:
        self.left -= 1
        if self.left < 0:
            raise Unavailable(Problem(code="scratch-lost", message="lost", recovery="begin again"))
        return self.scratch.database(settings)


def fails(asked: int, files: Files) -> bool:
    whole = world(fleet(STATES[1]))
    try:
        founded(replace(whole, scratch=LosingScratch(whole.scratch, asked)), files)
    except Unavailable:
        return True
    return False


def test_one_that_fails_leaves_nothing_behind() -> None:
    asked = 0
    while fails(asked, files := Files()):
        assert files.content == {}
        asked += 1
    assert asked > 1, "once after the files were written"
