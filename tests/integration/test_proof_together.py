"""What one command proves, it proves on what its keyspaces share, and side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Lock, get_ident

import pytest

from reconciler.cli.wire import Worlds
from reconciler.edges.server.process import RunningServer
from reconciler.model.server import ServerSettings
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.prove.change_set import ProofFailed, Proven
from reconciler.spec.model import Environment
from reconciler.spec.scratch_image import ScratchImage
from tests.integration.proving import bench_on
from tests.waiting import PATIENCE_S


class TwoAtOnce:
    """`Scratch` whose first two users wait for each other, each with a database of its own."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._guard, self._met = Lock(), Barrier(2)
        self.users: set[int] = set()

    def keep_off(self, servers: Collection[str]) -> None:
        self._scratch.keep_off(servers)

    @contextmanager
    def database(self, settings: ServerSettings) -> Iterator[ScratchDatabase]:
        with self._scratch.database(settings) as made:
            with self._guard:
                is_new = len(self.users) < 2 and get_ident() not in self.users
                self.users |= {get_ident()}
            if is_new:
                self._met.wait(PATIENCE_S)
            yield made


def test_tables_that_do_not_know_each_other_are_proven_side_by_side(
    mysql_server: RunningServer,
) -> None:
    before = [f"CREATE TABLE {table} (id int PRIMARY KEY)" for table in ("t", "u")]
    after = [f"CREATE TABLE {table} (id int PRIMARY KEY, c int)" for table in ("t", "u")]
    with bench_on(mysql_server) as bench:
        scratch = TwoAtOnce(bench.world.scratch)
        proof = replace(bench, world=replace(bench.world, scratch=scratch)).prove(before, after)
    assert isinstance(proof, Proven), proof
    assert [one.object_id.name for one in proof.statements] == ["t", "u"]
    assert len(scratch.users) >= 2


def test_keyspaces_of_one_command_share_a_scratch(tmp_path: Path) -> None:
    image = ScratchImage(reference="mysql:8.4")
    with Worlds(tmp_path, {}) as worlds:
        auto = [worlds.world_of(Environment(name=name, shards=())) for name in ("prod", "test")]
        other = worlds.world_of(Environment(name="prod", shards=(), scratch=image))
    assert (auto[0].scratch, auto[0].proofs) == (auto[1].scratch, auto[1].proofs)
    assert other.scratch is not auto[0].scratch
    assert other.proofs is not auto[0].proofs


class Counted:
    """`Scratch` that counts its databases."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self.made = 0

    def keep_off(self, servers: Collection[str]) -> None:
        self._scratch.keep_off(servers)

    @contextmanager
    def database(self, settings: ServerSettings) -> Iterator[ScratchDatabase]:
        self.made += 1
        with self._scratch.database(settings) as made:
            yield made


@pytest.mark.invariant("FZ-15")
def test_a_state_of_another_keyspace_is_proven_once_and_one_that_differs_anew(
    mysql_server: RunningServer,
) -> None:
    before = ["CREATE TABLE t (id int PRIMARY KEY)", "CREATE TABLE u (id int PRIMARY KEY)"]
    after = ["CREATE TABLE t (id int PRIMARY KEY, c int)", before[1]]
    other = [before[0].replace("int", "bigint"), before[1]]
    with bench_on(mysql_server) as bench:
        scratch = Counted(bench.world.scratch)
        proves = replace(bench, world=replace(bench.world, scratch=scratch)).prove

        def proven(one: list[str], wanted: list[str]) -> tuple[Proven | ProofFailed, int]:
            scratch.made = 0
            return proves(one, wanted), scratch.made

        found, made = proven(before, after)
        assert isinstance(found, Proven), found
        assert made > 0
        assert proven(before, after) == (found, 0)
        changed, made = proven(other, [after[0].replace("id int", "id bigint"), before[1]])
        assert isinstance(changed, Proven)
        assert made > 0
        assert proven([before[0] + " COMMENT 'x'", before[1]], after)[1] > 0
