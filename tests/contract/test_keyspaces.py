"""What `Keyspaces` promises of a VSchema, asked of the one in memory and of a real Vitess: every
proof of a plan and of a finalizer rests on both being alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from reconciler.edges.vitess.keyspaces import VitessKeyspaces
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.ports.keyspaces import VSchemas
from reconciler.spec.model import Connection, RolloutSpec, VitessCluster, Vtctld
from reconciler.vschema.document import VSchema
from reconciler.vschema.live import live_vschema
from tests.integration.mysql_edges import ROOT
from tests.offline_vitess import OfflineVitess
from tests.sim.fleet import Fate, SimFleet
from tests.sim.plans import plan_for
from tests.sim.vitess import SimKeyspaces, SimVitess
from tests.vitess import Vitess

BY_HASH = [{"name": "by_hash", "columns": ["id"]}]
ROUTED: dict[str, Any] = {
    "sharded": True,
    "vindexes": {"by_hash": {"type": "xxhash"}},
    "tables": {"orders": {"column_vindexes": BY_HASH}},
}
EVERYTHING: dict[str, Any] = {
    "sharded": True,
    "require_explicit_routing": True,
    "foreign_key_mode": "managed",
    "multi_tenant_spec": {
        "tenant_id_column_name": "tenant",
        "tenant_id_column_type": "INT64",
    },
    "vindexes": {
        "by_hash": {"type": "xxhash"},
        "by_name": {
            "type": "consistent_lookup_unique",
            "owner": "orders",
            "params": {"table": "main.names", "from": "name", "to": "ksid", "write_only": "true"},
        },
    },
    "tables": {
        "orders": {
            "column_vindexes": [*BY_HASH, {"name": "by_name", "columns": ["name"]}],
            "auto_increment": {"column": "id", "sequence": "main.order_seq"},
            "column_list_authoritative": True,
            "columns": [
                {"name": "id", "type": "INT64", "nullable": False},
                {"name": "name", "type": "VARCHAR", "size": 20, "collation_name": "utf8mb4_bin"},
                {"name": "state", "type": "ENUM", "values": ["new", "done"], "default": "'new'"},
                {"name": "price", "type": "DECIMAL", "size": 10, "scale": 2, "invisible": True},
            ],
        },
        "zones": {"type": "reference", "source": "main.zones"},
        "order_seq": {"type": "sequence", "pinned": "80"},
        "log": {"pinned": "00ff"},
    },
}


@dataclass(frozen=True, kw_only=True)
class Stand:
    """`change` is what somebody else does to the VSchema; `end` ends whoever answers."""

    keyspaces: VSchemas
    cluster: VitessCluster
    change: Callable[[dict[str, Any]], None]
    end: Callable[[], None]

    @property
    def now(self) -> VSchema:
        return live_vschema(self.keyspaces.vschema(self.cluster))

    def try_(self, document: dict[str, Any]) -> str | Problem:
        return self.keyspaces.try_vschema(self.cluster, json.dumps(document))

    def apply(self, document: dict[str, Any]) -> None:
        self.keyspaces.apply_vschema(self.cluster, json.dumps(document))


REAL = pytest.param("vitess", marks=pytest.mark.vitess)


@pytest.fixture(params=["offline", "simulated", REAL])
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    if request.param != "vitess":
        yield offline() if request.param == "offline" else simulated()
        return
    vitess: Vitess = request.getfixturevalue("vitess")
    keyspace = vitess.keyspace(vschema=json.dumps(ROUTED))
    ended: list[str] = []

    def change(document: dict[str, Any]) -> None:
        vitess.ask("ApplyVSchema", f"--vschema={json.dumps(document)}", keyspace)

    def end() -> None:
        vitess.kill("vtctld")
        ended.append("vtctld")

    yield Stand(
        keyspaces=VitessKeyspaces(environ={}, root=ROOT, workers=ThreadWorkers()),
        cluster=cluster_of(vitess.cluster.vtctld_address, keyspace),
        change=change,
        end=end,
    )
    for name in ended:
        vitess.start_again(name)


def cluster_of(vtctld: str, keyspace: str) -> VitessCluster:
    return VitessCluster(vtgate=Connection(), vtctld=Vtctld(address=vtctld), keyspace=keyspace)


def offline() -> Stand:
    fake = OfflineVitess(text=json.dumps(ROUTED))

    def change(document: dict[str, Any]) -> None:
        fake.text = json.dumps(document)

    def end() -> None:
        fake.silent = True

    return Stand(
        keyspaces=fake,
        cluster=cluster_of("nowhere:1", "commerce"),
        change=change,
        end=end,
    )


def simulated() -> Stand:
    """The one that is killed at every moment, in `tests/sim`."""
    plan = plan_for(RolloutSpec())
    fake = SimVitess(SimFleet(plan), kept=OfflineVitess(text=json.dumps(ROUTED)))

    def change(document: dict[str, Any]) -> None:
        fake.text = json.dumps(document)

    def end() -> None:
        fake.is_away = True

    return Stand(
        keyspaces=SimKeyspaces(fake, None, Fate()),
        cluster=cluster_of("nowhere:1", "commerce"),
        change=change,
        end=end,
    )


def value(document: dict[str, Any]) -> VSchema:
    return live_vschema(json.dumps(document))


def test_what_vitess_has_is_told(stand: Stand) -> None:
    assert stand.now == value(ROUTED)
    stand.change(EVERYTHING)
    assert stand.now == value(EVERYTHING)


@pytest.mark.invariant("VS-2")
def test_everything_that_a_vschema_can_say_comes_back_to_the_letter(stand: Stand) -> None:
    assert live_vschema(str(stand.try_(EVERYTHING))).text == value(EVERYTHING).text
    stand.apply(EVERYTHING)
    assert stand.now.text == value(EVERYTHING).text


@pytest.mark.invariant("VS-6")
def test_trying_changes_nothing(stand: Stand) -> None:
    other = ROUTED | {"tables": {"orders": {"column_vindexes": BY_HASH}, "a": {"pinned": "80"}}}
    assert live_vschema(str(stand.try_(other))) == value(other)
    assert stand.now == value(ROUTED)


REFUSED: dict[str, dict[str, Any]] = {
    "no vindex": {"sharded": True, "tables": {"orders": {}}},
    "a vindex that is none": ROUTED | {"vindexes": {}},
    "a table of no type": {"tables": {"orders": {"type": "heap"}}},
    "an owned primary": ROUTED | {"vindexes": {"by_hash": {"type": "lookup"}}},
}


@pytest.mark.invariant("VS-6")
@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_what_vitess_does_not_take_is_told_in_words_and_not_kept(
    stand: Stand, document: dict[str, Any]
) -> None:
    found = stand.try_(document)
    assert isinstance(found, Problem)
    assert found.code == "vschema-refused"
    with pytest.raises(Refused, match="vschema-refused"):
        stand.apply(document)
    assert stand.now == value(ROUTED)


def test_a_keyspace_that_is_gone_is_refused_by_name(stand: Stand) -> None:
    gone = replace(stand.cluster, keyspace="gone")
    with pytest.raises(Refused, match="vitess-keyspace-gone"):
        stand.keyspaces.vschema(gone)


@pytest.mark.invariant("PL-12")
def test_nobody_there_is_told_without_an_address(stand: Stand) -> None:
    stand.end()
    with pytest.raises(Unavailable) as lost:  # vtctldclient tries for as long as it may
        stand.apply(ROUTED)
    assert "127.0.0.1" not in str(lost.value)
