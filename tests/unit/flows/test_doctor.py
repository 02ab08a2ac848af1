"""What `doctor` says of engines, whatever is on the machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.edges.engines.problems import engine_missing, engine_version_unknown
from reconciler.errors import Problem
from reconciler.flows.doctor import examine
from reconciler.model.engine import EngineName
from reconciler.model.policy import Policy
from reconciler.model.server import Flavor, ServerVersion
from reconciler.outcomes.doctor import CheckMark, DoctorFinding
from reconciler.ports.shards import Identity, ShardCheck
from reconciler.spec.model import EngineRule, EngineRules, Environment, ShardSpec, VitessCluster
from reconciler.spec.scratch_image import ScratchImage
from tests.offline_fleet import Shards, world
from tests.offline_fleet import environment as environment_of
from tests.offline_split import splitting
from tests.offline_vitess import OfflineVitess
from tests.unit.observe.test_topology import CLUSTER


@dataclass(frozen=True)
class OnlyGhOst:
    """`EnginePrograms`: gh-ost is there, Spirit of a version that nobody has tried, no other."""

    def unusable(self, name: EngineName) -> Problem | None:
        match name:
            case EngineName.GH_OST:
                return None
            case EngineName.SPIRIT:
                return engine_version_unknown(name, "9.9.9", ["0.15.1"]).problems[0]
            case _:
                return engine_missing(name).problems[0]

    def version(self, name: EngineName) -> str:
        return {EngineName.GH_OST: "1.1.10", EngineName.SPIRIT: "9.9.9"}.get(name, "")


class NoShards:
    def scratch_excess(self, _: object) -> tuple[str, ...]:
        return ()

    def check_shards(self, *_: object, **__: object) -> list[object]:
        return []


def findings(
    rules: EngineRules,
    vitess: VitessCluster | None = None,
    keyspaces: OfflineVitess | None = None,
    scratch: ScratchImage | None = None,
) -> dict[str, DoctorFinding]:
    environment = Environment(
        name="production", shards=(), engine=rules, vitess=vitess, scratch=scratch
    )
    seen = replace(world(Shards({}), keyspaces), engines=OnlyGhOst())
    ended = examine(
        seen,
        cast(Any, NoShards()),
        cast(Any, SimpleNamespace(spec=SimpleNamespace(keyspace="shop"))),
        environment,
        Identity.READS,
    )
    return {finding.subject: finding for finding in ended.findings}


def test_an_engine_that_is_there_is_told_with_what_it_works() -> None:
    told = findings(EngineRules())["engine gh-ost"]
    assert told.mark is CheckMark.OK
    assert told.message == "1.1.10, works with MySQL, and MariaDB from 11.1 on"


def test_an_engine_that_nobody_asks_for_may_be_missing() -> None:
    told = findings(EngineRules(default=(EngineName.GH_OST,)))
    assert told["engine pt-osc"].mark is CheckMark.SKIPPED
    assert told["engine spirit"].mark is CheckMark.SKIPPED


def test_an_engine_that_the_spec_names_must_be_there_in_a_known_version() -> None:
    rules = EngineRules(
        rebuild=EngineRule(over_bytes=1, use=(EngineName.SPIRIT, EngineName.DIRECT)),
        tables=(("orders*", (EngineName.PT_OSC,)),),
    )
    told = findings(rules)
    assert told["engine spirit"].mark is told["engine pt-osc"].mark is CheckMark.FAILED
    assert "version 9.9.9 is not known to work" in told["engine spirit"].message
    assert "not on this machine" in told["engine pt-osc"].message
    assert "make engines" in told["engine pt-osc"].recovery


@pytest.mark.parametrize("is_pinned", [True, False])
def test_an_image_that_can_be_moved_to_another_program_is_warned_of(is_pinned: bool) -> None:
    image = ScratchImage(f"mysql:8.4@sha256:{'0' * 64}" if is_pinned else "mysql:8.4")
    told = findings(EngineRules(), scratch=image)["scratch"]
    assert (told.mark is CheckMark.WARNING) is not is_pinned
    assert ("by its digest" in told.recovery) is not is_pinned


def test_behind_vitess_it_tells_of_topology_and_vschema_and_of_no_program_that_copies() -> None:
    told = findings(EngineRules(), CLUSTER, OfflineVitess())
    assert {told[f"{what} of commerce"].mark for what in ("topology", "VSchema")} == {CheckMark.OK}
    assert not any(subject.startswith("engine") for subject in told)


def test_a_vschema_that_cannot_be_read_is_told_with_what_to_do() -> None:
    told = findings(EngineRules(), CLUSTER, OfflineVitess(silent=True))["VSchema of commerce"]
    assert (told.mark, told.message) == (CheckMark.FAILED, "no answer")
    assert told.recovery


@dataclass
class Asked:
    """`Connections` of shards that nobody reaches."""

    shards: tuple[ShardSpec, ...] = ()

    def scratch_excess(self, _: object) -> tuple[str, ...]:
        return ()

    def check_shards(self, shards: tuple[ShardSpec, ...], *_: object, **__: object) -> list[object]:
        self.shards = tuple(shards)
        return []


def test_a_shard_that_retires_is_reached_with_its_login_as_well() -> None:
    """A split reads it to its end; what is left of it is dropped with that login."""
    keyspace = splitting().keyspace()
    asked = Asked()
    examine(
        world(Shards({})),
        cast(Any, asked),
        keyspace,
        environment_of(keyspace),
        Identity.CHANGES,
    )
    assert [shard.name for shard in asked.shards] == ["-40", "40-80", "80-", "-80 (retiring)"]


def test_a_shard_with_a_warning_is_told_to_be_reachable_as_well() -> None:
    """Who looks for the shard that is down does not read it from what is missing."""

    class Checked(NoShards):
        def check_shards(self, *_: object, **__: object) -> list[object]:
            version = ServerVersion(flavor=Flavor.MYSQL, major=9, minor=7, patch=4)
            lost = Problem(code="shard-unreachable", message="shard s2: gone", recovery="look")
            return [
                ShardCheck(shard="s1", version=version, problems=(), unseen=("events",)),
                ShardCheck(shard="s2", version=None, problems=(lost,)),
            ]

    ended = examine(
        replace(world(Shards({})), engines=OnlyGhOst()),
        cast(Any, Checked()),
        cast(Any, SimpleNamespace(spec=SimpleNamespace(keyspace="shop", policy=Policy()))),
        Environment(name="production", shards=()),
        Identity.READS,
    )
    marks = {(one.shard, one.mark) for one in ended.findings if one.shard}
    assert marks == {
        ("s1", CheckMark.WARNING),
        ("s1", CheckMark.OK),
        ("s2", CheckMark.FAILED),
    }
