"""Replicas that are killed apply deployments, each once and in their order."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.controller.model import Place, WaitsFor
from reconciler.ledger.states import RequestKind
from tests.offline_fleet import SPEC_PATH, users
from tests.sim.controller.world import SHARDS, SimWorld

PRIMARY, DR = Place("production.primary", "shop"), Place("production.dr", "shop")
SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  production:
    connection: {database: d, user: u}
    shards: {count: 2}
    deployments:
      - {name: primary, connection: {host: "db-{shard}"}}
      - {name: dr, connection: {host: "dr-{shard}"}}
"""


def merged(seed: int) -> SimWorld:
    world = SimWorld(Random(seed))
    world.merge(users("a"))
    world.trees[world.commit].content[SPEC_PATH] = SPEC.encode()
    return world


@pytest.mark.invariant("RG-78")
@pytest.mark.parametrize("seed", range(4))
def test_the_second_begins_when_the_first_is_done_whoever_is_killed(seed: int) -> None:
    world = merged(seed)
    world.start()
    for _ in range(40):
        world.pass_by(world.random.randint(1, 12))
        assert not world.attempts[DR] or world.is_done(PRIMARY)
        if world.random.random() < 0.2:
            world.replicas[-1].kill()
            world.start()
    world.passes_until(lambda: world.is_done(PRIMARY, DR), within_s=120)
    assert set(world.runs.values()) == {1}
    assert len(world.runs) == 2 * len(SHARDS)


@pytest.mark.invariant("RG-78")
def test_a_gate_of_the_first_holds_the_second_and_nobody_is_told_of_a_refusal() -> None:
    world = merged(0)
    world.gated = True
    replica = world.start()
    world.pass_by(300)
    assert world.attempts == {PRIMARY: 1}
    assert replica.seen is not None
    view = replica.seen.place(DR.environment, DR.keyspace)
    assert view is not None
    assert view.apply.waits_for is WaitsFor.DEPLOYMENT
    world.gated = False
    world.ask(PRIMARY, RequestKind.RELEASE)
    world.passes_until(lambda: world.is_done(PRIMARY, DR), within_s=120)
    assert set(world.runs.values()) == {1}
