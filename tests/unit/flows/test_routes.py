"""Routes are adopted from shards that serve, and asked for owners; nothing is opened in vain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Refused
from reconciler.flows.routes import adopt_routes, owner_of, show_routes
from reconciler.outcomes.routes import Adoption, RoutesOutcome
from reconciler.ports.routes import Routes
from reconciler.reshard.phases import Phase
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Connection, VitessCluster, Vtctld
from tests.offline_fleet import SPEC, environment, repository
from tests.sample_splits import brought_to, new_job
from tests.sim.run import close_ledgers, memory_ledger

KEYS = "key_function: numeric\ntables: {users: {shard_by: id}}\n"
ROUTED = SPEC.replace("keyspace: shop\n", f"keyspace: shop\n{KEYS}")
RETIRING = ROUTED.rpartition("    shards: {count: 2}\n")[0] + (
    '    shards: ["-40", "40-80", "80-"]\n    retiring: ["-80"]\n'
)


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield memory_ledger()
    close_ledgers()


def files_of(spec: str = ROUTED) -> DesiredFiles:
    return repository(spec=spec).keyspace()


def adopt(ledger: SqlLedger, files: DesiredFiles) -> RoutesOutcome:
    return adopt_routes(lambda: ledger.routes, files, environment(files), by="ada", now_s=1.0)


def never() -> Routes:
    raise AssertionError("a ledger is opened for nothing")


def test_routes_are_adopted_from_the_shards_and_once(ledger: SqlLedger) -> None:
    first, second = (adopt(ledger, files_of()) for _ in range(2))
    assert (first.adoption, second.adoption) == (Adoption.NEW, Adoption.ALREADY)
    assert first.catalog == second.catalog
    assert first.catalog.shards == ("-80", "80-")
    assert (first.catalog.key_function, first.latest) == ("numeric", 1)


@pytest.mark.invariant("SP-20")
def test_shards_of_after_a_move_are_not_taken_for_those_that_serve() -> None:
    files = files_of(RETIRING)
    with pytest.raises(Refused, match="lists -80 as retiring"):
        adopt_routes(never, files, environment(files), by="ada", now_s=1.0)


def test_without_a_key_function_nobody_can_route() -> None:
    files = files_of(SPEC)
    with pytest.raises(Refused, match="does not say which function"):
        adopt_routes(never, files, environment(files), by="ada", now_s=1.0)


def test_the_routes_of_vitess_are_vitess_own() -> None:
    files = files_of()
    cluster = VitessCluster(vtgate=Connection(), vtctld=Vtctld(address="vtctld:1"), keyspace="shop")
    chosen = replace(environment(files), shards=(), vitess=cluster)
    asks: tuple[Callable[[], object], ...] = (
        lambda: adopt_routes(never, files, chosen, by="ada", now_s=1.0),
        lambda: show_routes(never, files, chosen, version=None),
        lambda: owner_of(never, files, chosen, value="17", version=None),
    )
    for ask in asks:
        with pytest.raises(Refused, match="in Vitess' own topology"):
            ask()


@pytest.mark.invariant("SP-23")
def test_the_owner_of_a_value_is_told_now_and_then(ledger: SqlLedger) -> None:
    files = files_of()
    adopt(ledger, files)
    job = ledger.split_jobs.open(new_job("shop"), holder="me", now_s=1.0)
    ledger.routes.cut_over(brought_to(ledger, job, Phase.CUTOVER))
    chosen = environment(files)

    def owner(value: str, version: int | None) -> tuple[str, int, int]:
        found = owner_of(lambda: ledger.routes, files, chosen, value=value, version=version)
        return found.route.shard, found.version, found.latest

    assert owner("17", None) == ("-40", 2, 2)
    assert owner("17", 1) == ("-80", 1, 2)
    assert owner(str(2**63), None) == ("80-", 2, 2)
    with pytest.raises(Refused, match="has no key for a value that is no whole number"):
        owner("x", None)
    with pytest.raises(Refused, match="the versions 1 to 2, and no version 3"):
        owner("17", 3)


def test_what_is_shown_is_the_version_asked_for(ledger: SqlLedger) -> None:
    files = files_of()
    chosen = environment(files)
    with pytest.raises(Refused, match="no routes of shop"):
        show_routes(lambda: ledger.routes, files, chosen, version=None)
    adopt(ledger, files)
    shown = show_routes(lambda: ledger.routes, files, chosen, version=None)
    assert (shown.catalog.version, shown.leases, shown.adoption) == (1, (), None)
    with pytest.raises(Refused, match="no version 0"):
        show_routes(lambda: ledger.routes, files, chosen, version=0)
