"""Tests that run on a real Vitess cluster: when they are run, and what they are given.

Rules: nothing is left out silently. `make test-vitess` (`--vitess`) runs them, and a program that
is missing is a failure there; any other run leaves them out and says so. One cluster for each test
process; a test that needs keyspaces nobody else touches makes its own.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.edges.client.opening import open_wire
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import new_logins
from reconciler.edges.vitess.find import VitessProgram, vitess_program
from reconciler.edges.vitess.local.cluster import (
    VTCTLD,
    ClusterPlan,
    LocalCluster,
    boot_cluster,
)
from reconciler.edges.vitess.local.layout import ClusterKeyspace, TabletPlace, sharded
from reconciler.errors import Unavailable
from reconciler.model.server import Flavor
from reconciler.spec.model import Connection, ShardSpec, VitessCluster, Vtctld

#: The keyspaces that every test finds: one of two shards, one of one.
COMMERCE, MAIN = "commerce", "main"

_INFORMS = re.compile(r'\{.*"level":"INFO"|.* INFO: ')
_LOG_LINES = 20
_NUMBERS = itertools.count()
Rows = tuple[tuple[Any, ...], ...]


def why_missing() -> str:
    """'' where a cluster can be booted."""
    try:
        for name in VitessProgram:
            vitess_program(name)
    except Unavailable as missing:
        return f"{missing.problems[0].message}: run `make vitess`"
    return ""


class VitessTests:
    """A plugin of pytest."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._left_out = 0

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        if self._wanted:
            return
        out = [item for item in items if item.get_closest_marker("vitess")]
        if out:
            config.hook.pytest_deselected(items=out)
            items[:] = [item for item in items if not item.get_closest_marker("vitess")]
            self._left_out = len(out)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if item.get_closest_marker("vitess") and (reason := why_missing()):
            pytest.fail(reason, pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        vitess = getattr(item, "funcargs", {}).get("vitess")
        if report.failed and isinstance(vitess, Vitess):
            report.sections += vitess.log_tails()
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["vitess_left_out"] = self._left_out

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", {})  # of one that crashed there is none
        self._left_out = max(self._left_out, output.get("vitess_left_out", 0))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._left_out:
            terminalreporter.write_line(
                f"tests on a Vitess cluster that were left out: {self._left_out};"
                " `make test-vitess` runs them",
                yellow=True,
            )


class Vitess:
    """A cluster, as a test uses it. What the test adds or ends is put right after it."""

    def __init__(self, cluster: LocalCluster, test: str) -> None:
        self.cluster = cluster
        self._stem = "".join(c if c.isalnum() else "_" for c in test.lower())[:24].strip("_")
        self._added: list[ClusterKeyspace] = []

    def keyspace(self, shards: int = 2, *, vschema: str = "", replicas: int = 0) -> str:
        """One of this test's own, with so many shards on two servers; its name."""
        # vtgate remembers a name that is gone: none is used twice.
        number = next(_NUMBERS)
        name = f"{self._stem}_{os.getpid()}_{number}"
        made = sharded(
            name,
            shards,
            vschema=vschema,
            sidecar=f"_vt_{os.getpid()}_{number}",
            replicas=replicas,
        )
        self._added.append(made)
        self.cluster.add_keyspace(made)
        return name

    def add_shards(self, keyspace: str, *shards: str) -> None:
        """To one of this test's own: targets of a reshard."""
        made = next(one for one in self._added if one.name == keyspace)
        self.cluster.add_shards(made, shards)

    def sql(self, database: str, *statements: str) -> Rows:
        """Through vtgate, in one session; the rows of the last statement that had some. `database`
        is a keyspace, or one shard of it: `commerce/-80`."""
        target = self.cluster.target(self.cluster.logins.admin)
        return _run(open_wire(target, program="tests", database=database), statements)

    def on_server(self, keyspace: str, shard: str, *statements: str) -> Rows:
        """On the shard's own server, past Vitess."""
        place = self.tablet(keyspace, shard)
        target = self.cluster.server_target(place.server)
        return _run(open_wire(target, program="tests", database=place.database), statements)

    def ask(self, *arguments: str) -> str:
        """vtctldclient."""
        return self.cluster.ask(*arguments)

    def tablet(self, keyspace: str, shard: str) -> TabletPlace:
        """The shard's primary."""
        places = self.cluster.tablets.values()
        first, *others = (p for p in places if (p.keyspace, p.shard) == (keyspace, shard))
        return self.cluster.primary_of(keyspace, shard) if others else first

    def kill(self, name: str) -> None:
        """`vtctld`, `vtgate` or the name of a tablet: with SIGKILL, and gone when this returns."""
        process = self.cluster.daemons[name].process
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def start_again(self, name: str) -> None:
        """Where it was, and until it answers; a tablet, until vtgate has it as a primary again."""
        self.cluster.start_again(name)
        if name != VTCTLD:
            self._wait_until_served()

    def log_tails(self) -> list[tuple[str, str]]:
        tails = []
        for name, daemon in sorted(self.cluster.daemons.items()):
            if daemon.log.exists():
                told = daemon.log.read_text(errors="replace").splitlines()
                tail = "\n".join([line for line in told if not _INFORMS.match(line)][-_LOG_LINES:])
                tails.append((f"the last words of {name}", tail))
        return tails

    def tidy(self) -> None:
        added = {keyspace.name for keyspace in self._added}
        for name, daemon in [*self.cluster.daemons.items()]:
            place = self.cluster.tablets.get(name)
            is_to_stay = place is None or place.keyspace not in added
            if is_to_stay and daemon.process.has_ended():
                self.cluster.start_again(name)
        for keyspace in self._added:
            self.cluster.remove_keyspace(keyspace)
        self._wait_until_served()

    def _wait_until_served(self) -> None:
        for keyspace in sorted({place.keyspace for place in self.cluster.tablets.values()}):
            self.cluster.wait_until_served(keyspace)


def cluster_of(vitess: Vitess, keyspace: str) -> VitessCluster:
    """As a spec names it; the login is the cluster's administrator."""
    target = vitess.cluster.target(vitess.cluster.logins.admin)
    return VitessCluster(
        vtgate=Connection(
            host=target.host, port=str(target.port), user=target.user, password=target.password
        ),
        vtctld=Vtctld(address=vitess.cluster.vtctld_address),
        keyspace=keyspace,
    )


def over_vtgate(vitess: Vitess, keyspace: str, shard: str = "-") -> ShardSpec:
    """A shard, reached as a resolved environment reaches it."""
    vtgate = cluster_of(vitess, keyspace).vtgate
    return ShardSpec(name=shard, connection=replace(vtgate, database=f"{keyspace}:{shard}@primary"))


def _run(connection: Any, statements: tuple[str, ...]) -> Rows:
    rows: Rows = ()
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            rows = cursor.fetchall() or rows
    return rows


@pytest.fixture(scope="session")
def vitess_cluster() -> Iterator[LocalCluster]:
    """One for each test process: two servers, with a shard of each keyspace."""
    plan = ClusterPlan(
        binary=find_server(Flavor.MYSQL),
        servers=2,
        keyspaces=(sharded(COMMERCE, 2), ClusterKeyspace(name=MAIN, sidecar="_vt_main")),
        logins=new_logins(),
    )
    with boot_cluster(plan) as cluster:
        yield cluster


@pytest.fixture
def vitess(request: pytest.FixtureRequest, vitess_cluster: LocalCluster) -> Iterator[Vitess]:
    """The cluster, and keyspaces of the test's own on it."""
    given = Vitess(vitess_cluster, request.node.name)
    yield given
    given.tidy()
