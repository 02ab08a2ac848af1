"""The plan of a small split, made by the very functions that make one from real servers."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.catalog import Catalog, adopted
from reconciler.reshard.moves import wanted_move
from reconciler.reshard.plan.build import SplitSubject, build_split_core
from reconciler.reshard.plan.build_reshard import (
    ReshardSubject,
    TableToReshard,
    build_reshard_core,
)
from reconciler.reshard.plan.codec import split_plan_from_core
from reconciler.reshard.plan.model import SplitCore, SplitMeta, SplitPlan, TableSize
from reconciler.reshard.plan.statements import TableDdl, TableToPlan
from reconciler.reshard.rows import MovedTable
from reconciler.reshard.vitess.preflight import wanted_reshard
from reconciler.spec.model import SpecFile
from reconciler.spec.read import read_spec
from tests.unit.guard.test_topology import SOUND
from tests.unit.reshard.split_tables import column, orders

SPEC_PATH = "specs/shop.yaml"
SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
key_function: xxhash
tables:
  orders: {shard_by: customer}
  country: {reference: true}
  scratchpad: {excluded: true}
environments:
  production:
    connection: {host: "db-{shard}", database: d, user: u}
    shards: ["-40", "40-80", "80-"]
    retiring: ["-80"]
"""
META = SplitMeta(
    created_at="2026-01-02T03:04:05Z",
    tool_version="0",
    sizes=(TableSize(table="orders", rows=10_000, size_bytes=2_000_000),),
    notes=("see to the disk",),
)
ORDERS = TableToPlan(
    shape=replace(orders(), number=2),
    ddl=TableDdl(
        create="CREATE TABLE `orders` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n)",
        foreign_keys=("ALTER TABLE `orders` ADD CONSTRAINT `in_country` FOREIGN KEY (`c`)",),
    ),
)
COUNTRY = TableToPlan(
    shape=MovedTable(
        number=1, name="country", columns=(column("id", "int"),), key=("id",), shard_by=None
    ),
    ddl=TableDdl(
        create="CREATE TABLE `country` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n)",
        afterwards=("ALTER TABLE `country` ALTER COLUMN `note` DROP DEFAULT",),
    ),
)


def spec(text: str = SPEC) -> SpecFile:
    return read_spec(text, SPEC_PATH)


def catalog(*shards: str) -> Catalog:
    return adopted("production", "shop", KeyFunctionName.XXHASH, shards or ("-80", "80-"))


def sample_subject() -> SplitSubject:
    files = spec()
    environment = files.environment("production")
    assert environment is not None
    routes = catalog()
    move = wanted_move(routes, files, environment).move
    assert move is not None
    return SplitSubject(
        spec=files,
        environment=environment,
        digests=((SPEC_PATH, "1" * 64),),
        catalog=routes,
        move=move,
        server="mysql 9.7",
        classes=files.tables,
        tables=(COUNTRY, ORDERS),
        left_behind=("view totals",),
    )


def sample_core() -> SplitCore:
    return build_split_core(sample_subject())[0]


def sample_readable() -> str:
    return build_split_core(sample_subject())[1]


def sample_split_plan() -> SplitPlan:
    return split_plan_from_core(sample_core(), META)


VITESS_SPEC = """\
version: 1
kind: vitess
keyspace: shop
schema: schemas/shop
environments:
  production:
    vitess: {vtgate: {host: vtgate, user: u}, vtctld: {address: "vtctld:15999"}, keyspace: store}
    shards: ["-40", "40-80", "80-"]
    retiring: ["-80"]
"""


def sample_reshard_subject() -> ReshardSubject:
    files = spec(VITESS_SPEC)
    environment = files.environment("production")
    assert environment is not None
    topology = replace(SOUND, keyspace="store")
    move = wanted_reshard(topology, ("-40", "40-80", "80-"), ("-80",)).move
    assert move is not None
    return ReshardSubject(
        spec=files,
        environment=environment,
        digests=((SPEC_PATH, "1" * 64),),
        keyspace="store",
        serving=("-80", "80-"),
        move=move,
        server="mysql 9.7",
        tables=(
            TableToReshard(name="orders", spread_by=("customer",), definition="sha256:" + "a" * 64),
        ),
        left_behind=("view totals",),
    )


def sample_reshard_core() -> SplitCore:
    return build_reshard_core(sample_reshard_subject())[0]


def sample_reshard_readable() -> str:
    return build_reshard_core(sample_reshard_subject())[1]


def sample_reshard_plan() -> SplitPlan:
    return split_plan_from_core(sample_reshard_core(), META)
