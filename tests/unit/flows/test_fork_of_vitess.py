"""A fork's change to a Vitess keyspace: nobody is connected to, not even for its shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from reconciler.flows.forge.fork import plans_between
from reconciler.flows.forge.fork_budget import ForkBudget
from reconciler.flows.keyspaces import Loaded
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.ports.shards import Connections
from reconciler.spec.load import DesiredFiles, load_keyspace
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree
from tests.offline_fleet import Files

OF_SHARDS = """version: 1
keyspace: shop
schema: schemas/shop
environments:
  production: {connection: {database: d, user: u}, shards: ["-"]}
"""
OF_VITESS = """version: 1
kind: vitess
keyspace: shop
schema: schemas/shop
environments:
  production: {vitess: {vtgate: {host: evil, user: u}, vtctld: {address: "evil:15999"}}}
"""
OF_PLANETSCALE = """version: 1
kind: planetscale
keyspace: shop
schema: schemas/shop
environments:
  production:
    planetscale:
      {organization: evil, database: d, mysql: "8.4", token_id: i, token: "${SCHEMA_PS}"}
"""


class NoWorlds:
    """Whoever asks for a world connects to what the fork names."""

    def world_of(self, environment: Environment) -> object:
        raise AssertionError("nothing of a fork's spec is connected to")


def files(spec: str) -> tuple[FileTree, DesiredFiles]:
    table = b"CREATE TABLE t (id int);"
    tree = Files({"specs/shop.yaml": spec.encode(), "schemas/shop/t.sql": table})
    if spec == OF_VITESS:
        tree.write("schemas/shop/vschema.json", b"{}")
    return tree, load_keyspace(tree, "specs/shop.yaml")


@contextmanager
def worlds() -> Iterator[NoWorlds]:
    yield NoWorlds()


@pytest.mark.invariant("VT-10")
@pytest.mark.invariant("GT-1")
@pytest.mark.threat("TM-FORK-23")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OF_SHARDS, OF_VITESS),
        (OF_VITESS, OF_VITESS),
        (OF_SHARDS, OF_PLANETSCALE),
        (OF_PLANETSCALE, OF_PLANETSCALE),
    ],
)
def test_for_a_fork_no_topology_is_asked(before: str, after: str) -> None:
    tree, wanted = files(after)
    known: Mapping[str, DesiredFiles] = {"shop": files(before)[1]}
    loaded = Loaded(root=Path(), tree=tree, keyspaces={"shop": wanted})
    [outcome] = plans_between(
        loaded,
        known,
        ("shop",),
        worlds,  # type: ignore[arg-type]
        cast(Connections, None),
        cast(ForkBudget, None),
    )
    assert isinstance(outcome, KeyspaceFailed)
    assert [problem.code for problem in outcome.problems] == ["fork-without-topology"]
