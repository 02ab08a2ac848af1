"""What the job of a fork may spend, and that each bound is seen to refuse."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from reconciler.diff.session import StatementSession
from reconciler.errors import Refused
from reconciler.flows.forge.fork_budget import ForkBudget
from reconciler.flows.limits import (
    FORK_BYTES_MORE_MAX,
    FORK_FILES_MORE_MAX,
    FORK_S_MAX,
    FORK_SHARDS_MORE_MAX,
    FORK_TABLES_MAX,
)
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.ports.scratch import ScratchDatabase
from reconciler.spec.load import DesiredFiles, load_keyspace
from reconciler.spec.tree import Entry, EntryKind

SPEC = """version: 1
keyspace: shop
schema: schemas/shop
environments:
  production:
    connection: {{host: "db-{{shard}}", database: d, user: u}}
    shards: {{count: {shards}}}
"""
pytestmark = [pytest.mark.invariant("FB-5"), pytest.mark.threat("TM-FORK-22")]


@dataclass
class Clock:
    at_s: float = 1_000.0

    def now_s(self) -> float:
        return self.at_s

    def monotonic_s(self) -> float:
        return self.at_s

    def sleep(self, seconds: float) -> None:
        self.at_s += seconds


@dataclass(frozen=True)
class Tree:
    files: Mapping[str, bytes]

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        inside = sorted(name for name in self.files if name.rpartition("/")[0] == path)
        return tuple(Entry(name=name.rpartition("/")[2], kind=EntryKind.FILE) for name in inside)

    def read(self, path: str, *, bytes_max: int) -> bytes:
        return self.files[path]


def tree(*, tables: int = 1, shards: int = 4, said: str = "") -> Tree:
    files = {
        f"schemas/shop/t{n}.sql": f"CREATE TABLE t{n} (id int PRIMARY KEY);{said}\n".encode()
        for n in range(tables)
    }
    return Tree({"specs/shop.yaml": SPEC.format(shards=shards).encode(), **files})


def read(found: Tree) -> DesiredFiles:
    return load_keyspace(found, "specs/shop.yaml")


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    (problem,) = refused.value.problems
    return problem.code


@pytest.mark.parametrize("more", [0, 1])
def test_a_fork_may_have_what_the_base_has_and_so_many_files_more(more: int) -> None:
    budget = ForkBudget(Clock())
    load_keyspace(budget.base_tree(tree(tables=700)), "specs/shop.yaml")
    fork = budget.fork_tree(tree(tables=700 + FORK_FILES_MORE_MAX + more))
    if more:
        assert code_of(lambda: load_keyspace(fork, "specs/shop.yaml")) == "fork-too-large"
        assert code_of(budget.check) == "fork-too-large"
    else:
        load_keyspace(fork, "specs/shop.yaml")
        load_keyspace(fork, "specs/shop.yaml")  # what is read again counts once
        budget.check()


def test_bytes_are_counted_also_of_what_nothing_is_made_from() -> None:
    """Such as the plan of an environment, compared by content alone."""
    budget = ForkBudget(Clock())
    size = FORK_BYTES_MORE_MAX // 2
    fork = budget.fork_tree(Tree(dict.fromkeys("abc", b"x" * size)))
    for name in "ab":
        fork.read(name, bytes_max=size)
    assert code_of(lambda: fork.read("c", bytes_max=size)) == "fork-too-large"


def test_tables_that_differ_count_and_others_do_not() -> None:
    base = read(tree(tables=FORK_TABLES_MAX + 100))
    (environment,) = base.spec.environments
    budget = ForkBudget(Clock())
    budget.take(base, base, environment, environment)
    other = read(tree(tables=FORK_TABLES_MAX, said=" -- other"))
    budget.take(base, other, environment, environment)
    one_more = replace(base, digests=(("schemas/shop/t0.sql", "another"),))
    assert (
        code_of(lambda: budget.take(base, one_more, environment, environment)) == "fork-too-large"
    )


def test_shards_that_a_fork_adds_are_bounded() -> None:
    base, many = read(tree()), read(tree(shards=4_096))
    assert FORK_SHARDS_MORE_MAX < 4_000
    (known,), (asked,) = base.spec.environments, many.spec.environments
    ForkBudget(Clock()).take(many, base, asked, known)
    taken = ForkBudget(Clock()).take
    assert code_of(lambda: taken(base, many, known, asked)) == "fork-too-large"


SETTINGS = ServerSettings(
    version=ServerVersion(Flavor.MYSQL, 8, 4, 0),
    variables=(),
    database_charset="utf8mb4",
    database_collation="utf8mb4_0900_ai_ci",
)


@dataclass
class Scratch:
    """Statements that take a minute each."""

    clock: Clock
    ran: list[str] = field(default_factory=list)

    def keep_off(self, servers: Collection[str]) -> None: ...

    def database(self, settings: ServerSettings) -> AbstractContextManager[ScratchDatabase]:
        @contextmanager
        def given() -> Iterator[ScratchDatabase]:
            yield cast(ScratchDatabase, self)

        return given()

    def execute(self, sql: str, session: StatementSession) -> None:
        self.ran.append(sql)
        self.clock.sleep(60)


def test_the_scratch_server_is_asked_only_as_long_as_there_is_time() -> None:
    clock = Clock()
    budget, scratch = ForkBudget(clock), Scratch(clock)
    timed = budget.scratch(scratch)

    def work() -> None:
        with timed.database(SETTINGS) as database:
            for number in range(100):
                database.execute(f"CREATE TABLE t{number} (id int)")

    assert code_of(work) == "fork-too-slow"
    assert len(scratch.ran) == FORK_S_MAX // 60 + 1
    assert code_of(lambda: timed.database(SETTINGS).__enter__()) == "fork-too-slow"
    late = budget.fork_tree(tree())
    assert code_of(lambda: late.read("specs/shop.yaml", bytes_max=100)) == "fork-too-slow"
