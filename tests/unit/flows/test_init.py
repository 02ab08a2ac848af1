"""An `init` that cannot go on says each reason once, and leaves nothing behind."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import cast

import jsonschema
import pytest
import yaml

from reconciler.errors import Problem, Refused, Unavailable
from reconciler.flows.init import found_keyspace
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import Observation, ObservedShard
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerSettings
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.ports.world import World
from reconciler.report.compose.pull import pull_document
from reconciler.report.write.text import write_text
from reconciler.spec.draft import EDITORS_SCHEMA, draft_spec
from reconciler.spec.model import ShardSpec
from reconciler.spec.structure import spec_schema_text
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SPEC,
    SPEC_PATH,
    STATES,
    Files,
    Shards,
    fleet,
    world,
)


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


@dataclass
class WithPrograms:
    """`LiveShards` of a fleet with a view, and a trigger on each shard."""

    shards: Shards

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        others = (
            OtherObject(kind=ObjectKind.VIEW, name="recent", definition="SELECT 1"),
            OtherObject(kind=ObjectKind.TRIGGER, name="told", definition="", table="users"),
        )
        seen = self.shards.observe(shards, parallel=parallel)
        return [replace(one, others=others) for one in seen if isinstance(one, ObservedShard)]


def test_what_the_new_spec_leaves_alone_is_one_line() -> None:
    """Else somebody takes the files for all that the shards have."""
    shards = cast(Shards, WithPrograms(fleet(STATES[1])))
    pulled, _ = found_keyspace(
        lambda _: world(shards),
        SPEC,
        KEYSPACE,
        ENVIRONMENT,
        tree=(files := Files()),
        writer=files,
        source=None,
    )
    told = " ".join(write_text(pull_document([pulled])).split())
    assert "the spec does not manage them: 1 trigger, 1 view. To have them in files" in told
    assert "name triggers and views in its `manage`" in told
    assert "manage them" not in write_text(pull_document([replace(pulled, unmanaged=())]))
