"""An `init` that cannot go on says each reason once, and leaves nothing behind."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import jsonschema
import pytest
import yaml

from reconciler.errors import Problem, Refused, Unavailable
from reconciler.flows.init import found_keyspace
from reconciler.model.server import ServerSettings
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.ports.world import World
from reconciler.spec.draft import EDITORS_SCHEMA, draft_spec
from reconciler.spec.structure import spec_schema_text
from tests.offline_fleet import ENVIRONMENT, KEYSPACE, SPEC, SPEC_PATH, STATES, Files, fleet, world


def founded(there: World, files: Files, spec: str = SPEC) -> None:
    found_keyspace(
        lambda _: there, spec, KEYSPACE, ENVIRONMENT, tree=files, writer=files, source=None
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


def test_an_editor_finds_the_schema_by_the_first_line_of_a_spec() -> None:
    files = Files()
    reached = {"host": "db-{shard}", "database": "d", "user": "u"}
    block = {"connection": reached, "shards": {"count": 2}}
    founded(world(fleet(STATES[1])), files, draft_spec(KEYSPACE, ENVIRONMENT, block))
    first = files.content[SPEC_PATH].decode().splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    schema = files.content[posixpath.join(posixpath.dirname(SPEC_PATH), named)]
    assert schema == spec_schema_text().encode()
    jsonschema.validate(yaml.safe_load(files.content[SPEC_PATH]), json.loads(schema))


def test_the_schema_that_is_there_is_left_as_it_is() -> None:
    files = Files({EDITORS_SCHEMA: b"{}"})
    founded(world(fleet(STATES[1])), files)
    assert files.content[EDITORS_SCHEMA] == b"{}"
