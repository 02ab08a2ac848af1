"""A repository whose spec leads to servers that only listen: who connects to them is counted.

Offline: no shard is real, so whatever gets past the gates fails at its first connection, and is
seen by the servers it tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.edges.files.working_tree import WorkingTree
from reconciler.plan.codec import dump_plan
from reconciler.plan.files import plan_paths
from reconciler.plan.model import InputDigest, Plan
from reconciler.plan.readable import render_readable_sql
from reconciler.spec.load import load_keyspace
from tests.attacks.lying_server import Catalogue, Lies, LyingServer, lying_server
from tests.fleet import Fleet
from tests.github_double.hub import Hub
from tests.github_double.server import serving
from tests.github_jobs import Jobs
from tests.sample_plans import SHARDS, sample_plan, with_core

SPEC = "specs/commerce.yaml"
PASSWORD = "the-writers-own-password"


@dataclass
class Watched:
    """`shard`, `scratch` and `ledger` are the servers that the spec names, `before` the shard of
    the environment that comes first."""

    fleet: Fleet
    shard: LyingServer
    scratch: LyingServer
    ledger: LyingServer
    before: LyingServer

    @property
    def connections(self) -> dict[str, int]:
        return {
            name: getattr(self, name).connections
            for name in ("shard", "scratch", "ledger", "before")
        }

    def is_untouched(self) -> bool:
        return not any(self.connections.values())

    def commit_plan(self, spec: str = SPEC, environment: str = "production") -> Plan:
        """A sound plan, made from the files as they are."""
        files = load_keyspace(WorkingTree(self.fleet.root), spec)
        inputs = tuple(InputDigest(path=path, sha256=sha256) for path, sha256 in files.digests)
        core = replace(sample_plan().core, environment=environment, keyspace=files.spec.keyspace)
        plan = with_core(replace(core, inputs=inputs))
        paths = plan_paths(environment, files.spec.keyspace)
        self.fleet.write(paths.json, dump_plan(plan).decode())
        self.fleet.write(paths.sql, render_readable_sql(plan.core))
        self.fleet.commit("a plan")
        return plan

    def touch_spec(self, comment: str = "# another one\n") -> None:
        self.fleet.write(SPEC, self.fleet.read(SPEC) + comment)


def connection_to(server: LyingServer, **rest: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "user": "app",
        "password": "${SCHEMA_PASSWORD}",
        "connect_timeout": "2s",
        "read_timeout": "2s",
        **rest,
    }


@contextmanager
def watching(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    code_owners: str = "",
    lies: Lies | None = None,
    catalogue: Catalogue | None = None,
    **production: Any,
) -> Iterator[Watched]:
    """`production` is laid over that environment; `lies` and `catalogue` are all servers'."""
    with ExitStack() as servers:
        known = catalogue or Catalogue()
        beside = replace(known, variables={**known.variables, "server_uuid": "of-the-scratch"})
        shard, ledger, before = (servers.enter_context(lying_server(known, lies)) for _ in range(3))
        scratch = servers.enter_context(lying_server(beside, lies))
        fleet = Fleet(folder / "shop", [], lambda server: "", monkeypatch)
        monkeypatch.setenv("SCHEMA_PASSWORD", PASSWORD)
        common = {"scratch": connection_to(scratch)}
        fleet.spec = {
            "version": 1,
            "keyspace": "commerce",
            "schema": "schemas/commerce",
            "environments": {
                "production": {
                    **common,
                    "connection": connection_to(shard, database="d_{shard}"),
                    "shards": list(SHARDS),
                    "after": "staging",
                    "ledger": "mysql://app:${SCHEMA_PASSWORD}@127.0.0.1:"
                    f"{ledger.port}/reconciler",
                },
                "staging": {
                    **common,
                    "connection": connection_to(before, database="d_{shard}"),
                    "shards": list(SHARDS),
                },
            },
        }
        fleet.spec["environments"]["production"].update(production)
        write_spec(fleet)
        if code_owners:
            fleet.write("CODEOWNERS", code_owners)
        fleet.write("schemas/commerce/users.sql", "CREATE TABLE users (id int PRIMARY KEY);\n")
        fleet.git("init", "--quiet", "--initial-branch=main")
        fleet.commit("as it is")
        yield Watched(fleet, shard, scratch, ledger, before)


def write_spec(fleet: Fleet, path: str = SPEC) -> None:
    fleet.write(path, yaml.safe_dump(fleet.spec, sort_keys=False))


@contextmanager
def watched_jobs(watched: Watched, folder: Path) -> Iterator[Jobs]:
    """The same repository on a hub, with its jobs."""
    hub = Hub(folder)
    with serving(hub) as double:
        jobs = Jobs(watched.fleet, hub, double, folder, watched.fleet.monkeypatch)
        jobs.publish()
        yield jobs
