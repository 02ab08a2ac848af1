"""What one command proves, it proves on what its keyspaces share, and side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Lock, get_ident

from reconciler.cli.wire import Worlds
from reconciler.edges.server.process import RunningServer
from reconciler.model.server import ServerSettings
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.prove.change_set import Proven
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
        auto = [
            worlds.world_of(Environment(name=name, shards=())).scratch for name in ("prod", "test")
        ]
        other = worlds.world_of(Environment(name="prod", shards=(), scratch=image)).scratch
    assert auto[0] is auto[1]
    assert other is not auto[0]
