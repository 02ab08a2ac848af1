"""Judge the whole path on real servers: `python -m tests.property.full_path --pairs 1000`.

For each pair two shards are made like the one end, the first of them with rows, and the definition
files like the other. Then what a team does: plan, the plan file written and read again, apply,
compare, plan again (which must find nothing to do), and all of it back. The comparison is the
server's catalogue's, not this product's; rows must be where they were unless the plan said so.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click
import pymysql

from reconciler.ddl.quote import quote_identifier
from reconciler.drive.shard.task import RolloutWorld
from reconciler.edges.clock import SystemClock
from reconciler.edges.engines.find import MachinePrograms
from reconciler.edges.ledger.engine import engine_for
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.mysql.locks import MysqlShardLocks
from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.edges.worker_pool import ThreadWorkerPool
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import InvalidInput, ReconcilerError
from reconciler.flows.apply import (
    ApplyConnections,
    ApplyRequest,
    ApplyWorld,
    apply_keyspace,
)
from reconciler.flows.gates import Gates
from reconciler.flows.plan import plan_keyspace
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.guard.model import refusal_from
from reconciler.guard.review.git import Review
from reconciler.model.policy import AutoIncrement, HazardKind, Policy
from reconciler.model.renames import Rename
from reconciler.model.server import Flavor
from reconciler.observe.shards import DefinitionReader
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.plan.codec import dump_plan, load_plan
from reconciler.plan.files import plan_paths
from reconciler.plan.model import ChangeSet, Plan, PlannedStatement
from reconciler.plan.validate import check_plan
from reconciler.ports.engine import Applied
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles, load_keyspace
from reconciler.spec.model import Environment
from reconciler.spec.tree import Entry, EntryKind, missing_file
from tests.connections import admin_connection
from tests.integration.cases import all_cases
from tests.integration.convergence import End, EndNotMade
from tests.integration.mysql_edges import carried_out
from tests.offline_fleet import NoVitess
from tests.property.catalogue import base_columns, differences
from tests.property.hunt import newest
from tests.property.products import product_pairs
from tests.property.row_values import insert_statements
from tests.property.table_grammar import Grower
from tests.scratch_servers import scratch_connection
from tests.waiting import until

SPEC = "specs/shop.yaml"
SHARDS = ("-80", "80-")  # the first one has rows
_TOLD_ON_ROWS = frozenset(
    {
        HazardKind.MAY_FAIL_ON_ROWS,
        HazardKind.NARROW_TYPE,
        HazardKind.CHANGE_VALUES,
        HazardKind.FILL_EXISTING_ROWS,
    }
)
_LOSES_ROWS = frozenset(
    {HazardKind.DROP_TABLE, HazardKind.DROP_PARTITION, HazardKind.CHANGE_ENGINE}
)
# A comment for other servers gives its content; between quotes it is none.
_QUOTED_OR_COMMENT = r"""'(?:[^'\\]|\\.)*'|`[^`]*`|/\*M?!\d* ?(.*?) ?\*/"""
_numbers = itertools.count()


class MemoryTree:
    """A repository's files, by path; also the history of a repository of one commit."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = {path: text.encode() for path, text in files.items()}

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        names = {
            other.removeprefix(path + "/").split("/")[0]
            for other in self.files
            if other.startswith(path + "/")
        }
        kinds = {
            name: EntryKind.FILE if f"{path}/{name}" in self.files else EntryKind.DIRECTORY
            for name in names
        }
        return tuple(Entry(name=name, kind=kinds[name]) for name in sorted(names)) or None

    def read(self, path: str, *, bytes_max: int) -> bytes:
        if path not in self.files:
            raise InvalidInput(missing_file(path))
        return self.files[path]

    def resolve(self, ref: str) -> str:
        return ref

    def tree(self, commit: str) -> MemoryTree:
        return self

    def protected_tip(self) -> str | None:
        return None

    def contains(self, tip: str, commit: str) -> bool:
        return tip == commit

    def versions_of(self, path: str) -> Iterator[bytes]:
        return iter([self.files[path]] if path in self.files else [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two ends, and what is known about the way between them."""

    name: str
    before: End
    after: End
    renames: tuple[Rename, ...] = ()
    policy: Policy = field(default_factory=Policy)

    def reversed(self) -> Pair:
        tables = {r.new: r.old for r in self.renames if r.kind == "table"}
        renames = tuple(
            Rename(kind=r.kind, table=tables.get(r.table, r.table), old=r.new, new=r.old)
            for r in self.renames
        )
        return replace(self, before=self.after, after=self.before, renames=renames)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How one way ended. Of `refused`, `miss` and `stopped` (rows did not fit, as the plan had
    said) at most one tells something; none: it converged, after `statements`."""

    statements: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    stopped: str | None = None
    miss: str | None = None

    @property
    def word(self) -> str:
        if self.miss is not None:
            return "miss"
        if self.refused:
            return "refused"
        if self.stopped:
            return "converged without the rows"
        return "converged" if self.statements else "nothing to do"


class _Missed(Exception):
    """The judge's verdict in words."""


class _StoppedOnRows(Exception):
    """A statement failed on rows, and its hazards had said that it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """One server of shards, and a scratch server that stands for it."""

    server: RunningServer
    connection: pymysql.Connection[Any]
    world: World
    sessions: MysqlShardSessions
    locks: MysqlShardLocks

    @property
    def flavor(self) -> Flavor:
        return self.server.version.flavor

    def both_ways(self, pair: Pair, *, apply_flow: bool = False) -> tuple[Way, Way]:
        """There, and from there back in the same databases, hidden state included."""
        with ExitStack() as stack:
            shards = [stack.enter_context(self._made(pair.before)) for _ in SHARDS]
            start = stack.enter_context(self._made(pair.before))
            goal = stack.enter_context(self._made(pair.after))
            self._fill(shards[0], pair.before.rows)
            there = self._way(shards, goal, pair, apply_flow=apply_flow)
            if there.miss is None and not there.refused:
                return there, self._way(shards, start, pair.reversed(), apply_flow=apply_flow)
            others = [stack.enter_context(self._made(pair.after)) for _ in SHARDS]
            self._fill(others[0], pair.after.rows)
            return there, self._way(others, start, pair.reversed(), apply_flow=apply_flow)

    def _way(self, shards: Sequence[str], goal: str, pair: Pair, *, apply_flow: bool) -> Way:
        sent: list[str] = []
        tree = self._files(shards, goal, pair)
        if tree is None:
            return Way()
        stopped = None
        try:
            files = load_keyspace(tree, SPEC)
            try:
                refused = self._plan_and_run(files, shards, sent, apply_flow=apply_flow)
            except _StoppedOnRows as reason:
                stopped = str(reason)
                self._empty(shards[0])
                refused = self._plan_and_run(files, shards, sent, apply_flow=False)
            if refused:
                return Way(refused=refused, stopped=stopped)
            self._compare(files, shards, goal, pair)
        except _Missed as miss:
            return Way(statements=tuple(sent), miss=str(miss))
        except ReconcilerError as error:
            codes = tuple(f"{p.code}: {p.message}" for p in error.problems)
            return Way(statements=tuple(sent), refused=codes)
        return Way(statements=tuple(sent), stopped=stopped)

    def _plan_and_run(
        self, files: DesiredFiles, shards: Sequence[str], sent: list[str], *, apply_flow: bool
    ) -> tuple[str, ...]:
        """What was refused; else all of the plan has run."""
        environment = files.spec.environments[0]
        outcome = plan_keyspace(
            self.world,
            files,
            environment,
            protected=None,
            created_at="2026-01-01T00:00:00Z",
            tool_version="0",
        )
        if outcome.refusals:
            return tuple(
                f"{refusal.code}: {refusal.message}"
                for refusal in map(refusal_from, outcome.refusals)
            )
        assert outcome.plan is not None
        plan = _through_file(outcome.plan, outcome.readable_sql)
        sent += [s.sql for change_set in plan.core.change_sets for s in change_set.statements]
        kept = self._values(shards[0])
        if apply_flow and plan.core.change_sets:
            self._apply(files, environment, plan, outcome.readable_sql)
        else:
            for change_set in plan.core.change_sets:
                self._run(files, environment, change_set)
        _check_values(plan, kept, self._values(shards[0]))
        return ()

    def _run(self, files: DesiredFiles, environment: Environment, change_set: ChangeSet) -> None:
        reader = DefinitionReader(files.spec.policy)
        if files.spec.policy.auto_increment is AutoIncrement.RAISE:
            reader = begin_pass(self.world, files, environment).reader
        for shard in environment.shards:
            if shard.name not in change_set.shards:
                continue
            with self.sessions.open(shard) as session:
                until(session.claim, "the session before to be over")
                for statement in change_set.statements:
                    ended = carried_out(session, statement, lock_wait_s=5, run_limit_s=60)
                    if not isinstance(ended, Applied):
                        raise _ended_badly(statement, shard.name, str(ended))
                    for effect in statement.effects:
                        text = session.definition(effect.object_id)
                        found = text and reader.read(text, self.server.version).fingerprint
                        if found != effect.after:
                            raise _Missed(f"{effect.object_id} is {text} after {statement.sql}")

    def _apply(
        self, files: DesiredFiles, environment: Environment, plan: Plan, readable: str
    ) -> None:
        paths = plan_paths(environment.name, files.spec.keyspace)
        committed = MemoryTree({paths.json: dump_plan(plan).decode(), paths.sql: readable})
        with _new_ledger() as ledger:
            rollout = RolloutWorld(
                sessions=self.sessions,
                ledger=ledger,
                workers=ThreadWorkerPool(),
                clock=self.world.clock,
                jitter=lambda: 0.0,
                interrupts=lambda: 0,
            )
            reached = ApplyConnections(look=self.world, locks=self.locks, rollout=rollout)
            ended = apply_keyspace(
                ApplyWorld(history=committed, gates=Gates(), connect=lambda: reached),
                files,
                environment,
                ApplyRequest(commit="c" * 40, review=Review.NONE, holder="the judge"),
                on_progress=lambda event: None,
            )
        if ended.verdict is ApplyVerdict.COMPLETED:
            return
        problem = ended.problem.message if ended.problem else ""
        words = f"apply: {ended.verdict} {ended.refusals} {problem}"
        failed = [
            statement
            for change_set in plan.core.change_sets
            for statement in change_set.statements
            if _told_on_rows(statement) and ended.problem and statement.object_id.name in problem
        ]
        raise _StoppedOnRows(words) if failed else _Missed(words)

    def _compare(self, files: DesiredFiles, shards: Sequence[str], goal: str, pair: Pair) -> None:
        outcome = plan_keyspace(
            self.world,
            files,
            files.spec.environments[0],
            protected=None,
            created_at="",
            tool_version="0",
        )
        if outcome.refusals or outcome.plan is None:
            raise _Missed(f"planned again, refused: {outcome.refusals}")
        if outcome.plan.core.change_sets:
            again = [s.sql for found in outcome.plan.core.change_sets for s in found.statements]
            raise _Missed(f"planned again: {again}")
        if pair.policy != Policy():
            return  # then both may differ in what the policy leaves alone
        if any(kind == "VIEW" for _, kind in self._query(f"SHOW FULL TABLES FROM `{goal}`")):
            return
        for shard in shards:
            if told := differences(self._query, self.flavor, shard, goal):
                raise _Missed("the catalogue differs: " + "\n".join(told))

    # the two ends

    @contextmanager
    def _made(self, end: End) -> Iterator[str]:
        name = f"full_path_{next(_numbers)}"
        self._query(f"CREATE DATABASE `{name}`")
        try:
            self._query(f"USE `{name}`")
            for statement in end.statements:
                try:
                    self._query(statement)
                except pymysql.MySQLError as error:
                    raise EndNotMade(f"{error.args} on: {statement}") from error
            self._query("SET foreign_key_checks = 1, sql_mode = DEFAULT")
            yield name
        finally:
            self._query("SET foreign_key_checks = 0")
            self._query(f"DROP DATABASE `{name}`")
            self._query("SET foreign_key_checks = 1, sql_mode = DEFAULT")

    def _fill(self, database: str, rows: Sequence[str]) -> None:
        self._query(f"USE `{database}`")
        self._query("SET foreign_key_checks = 1")
        for statement in rows:
            self._try(statement)
        if rows:
            return
        tables = self._tables(database)
        inserts = [s for table in tables for s in insert_statements(self._query, table)]
        for _ in range(2):  # a child's parents may come later
            inserts = [statement for statement in inserts if not self._try(statement)]

    def _empty(self, database: str) -> None:
        self._query(f"USE `{database}`")
        # What cannot be computed for a row must not keep the row.
        self._query("SET foreign_key_checks = 0, sql_mode = ''")
        for table in self._tables(database):
            self._query(f"DELETE FROM {quote_identifier(table)}")
        self._query("SET foreign_key_checks = 1, sql_mode = DEFAULT")

    def _try(self, statement: str) -> bool:
        try:
            self._query(statement)
        except pymysql.MySQLError:
            return False
        return True

    def _files(self, shards: Sequence[str], goal: str, pair: Pair) -> MemoryTree | None:
        """The files of the goal; None if there is no table in it, which files cannot say."""
        self._query(f"USE `{goal}`")
        texts = {
            table: self._query(f"SHOW CREATE TABLE {quote_identifier(table)}")[0][1]
            for table in self._tables(goal)
            if not any(fnmatchcase(table, pattern) for pattern in pair.policy.ignore_tables)
        }
        if not texts:
            return None
        tree = {
            f"schemas/shop/{number}.sql": f"{_annotations(table, pair.renames)}{_plain(text)};\n"
            for number, (table, text) in enumerate(sorted(texts.items()))
        }
        tree[SPEC] = json.dumps(self._spec(shards, pair.policy))
        return MemoryTree(tree)

    def _spec(self, shards: Sequence[str], policy: Policy) -> dict[str, Any]:
        login = self.server.admin
        connection = {"host": self.server.host, "port": self.server.port, "user": login.user}
        named = [
            {"name": name, "connection": {"database": database, "password": login.password}}
            for name, database in zip(SHARDS, shards, strict=True)
        ]
        reason = {"reason": "the judge asks for everything"}
        allow = [
            {"table": "*", "hazard": kind.value, **of, **reason}
            for kind in HazardKind
            for of in ({}, {"object": "*"})
        ]
        return {
            "version": 1,
            "keyspace": "shop",
            "schema": "schemas/shop",
            "environments": {"test": {"connection": connection, "shards": named}},
            "policy": {
                "ignore_tables": list(policy.ignore_tables),
                "allow": allow,
                "partition_lists": policy.partition_lists.value,
                "column_order": policy.column_order.value,
                "auto_increment": policy.auto_increment.value,
            },
        }

    def _tables(self, database: str) -> list[str]:
        rows = self._query(f"SHOW FULL TABLES FROM `{database}`")
        return [name for name, kind in rows if kind != "VIEW"]

    def _values(self, database: str) -> dict[tuple[str, str, tuple[Any, ...]], list[Any]]:
        """By table, column and type: all values, in an order of their own."""
        self._query(f"USE `{database}`")
        found = {}
        for (table, column), kind in base_columns(self._query, database).items():
            rows = self._query(
                f"SELECT HEX({quote_identifier(column)}) FROM {quote_identifier(table)}"
            )
            found[table, column, kind] = sorted((row[0] for row in rows), key=str)
        return found

    def _query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
            return rows


def _annotations(table: str, renames: tuple[Rename, ...]) -> str:
    return "".join(
        f"-- reconciler: rename {r.kind} {quote_identifier(r.old)} to {quote_identifier(r.new)}\n"
        for r in renames
        if r.table == table
    )


def _plain(text: str) -> str:
    """SHOW CREATE TABLE's text as a person would write it: without comments for other servers."""
    return re.sub(_QUOTED_OR_COMMENT, lambda found: found[1] or found[0], text, flags=re.DOTALL)


def _through_file(plan: Plan, readable: str) -> Plan:
    loaded = load_plan(dump_plan(plan), "plans/test/shop.plan.json")
    if loaded != replace(plan, meta=replace(plan.meta, counts=())):  # of the look, and not kept
        raise _Missed("the plan file does not give the plan back")
    check_plan(loaded, environment="test", keyspace="shop", readable_sql=readable)
    return loaded


def _told_on_rows(statement: PlannedStatement) -> bool:
    return any(hazard.kind in _TOLD_ON_ROWS for hazard in statement.hazards)


def _ended_badly(statement: PlannedStatement, shard: str, ended: str) -> Exception:
    words = f"shard {shard}: {ended} on {statement.sql}"
    if shard == SHARDS[0] and _told_on_rows(statement):
        return _StoppedOnRows(words)
    return _Missed(words)


def _check_values(
    plan: Plan, before: Mapping[Any, list[Any]], after: Mapping[Any, list[Any]]
) -> None:
    """Columns of one name and type on both sides hold the same values, unless a hazard says so."""
    hazards = [
        (statement.object_id.name, hazard)
        for change_set in plan.core.change_sets
        for statement in change_set.statements
        for hazard in statement.hazards
    ]
    lossy = {table for table, hazard in hazards if hazard.kind in _LOSES_ROWS}
    named = {(table, hazard.object) for table, hazard in hazards}
    for table, column, kind in before.keys() & after.keys():
        if table in lossy or (table, column) in named:
            continue
        key = table, column, kind
        if before[key] != after[key]:
            raise _Missed(f"values of {table}.{column} were {before[key]} and are {after[key]}")


@contextmanager
def court_on(server: RunningServer) -> Iterator[Court]:
    link = admin_connection(server)
    root, environ = Path(), dict[str, str]()
    clock, workers = SystemClock(), ThreadWorkers()
    with link, MysqlScratch(scratch_connection(server), environ=environ, root=root) as scratch:
        look = World(
            shards=MysqlLiveShards(environ=environ, root=root),
            scratch=scratch,
            workers=workers,
            clock=clock,
            engines=MachinePrograms(),
            keyspaces=NoVitess(),
        )
        yield Court(
            server=server,
            connection=link,
            world=look,
            sessions=MysqlShardSessions(environ=environ, root=root),
            locks=MysqlShardLocks(environ=environ, root=root, clock=clock, workers=workers),
        )


@contextmanager
def _new_ledger() -> Iterator[SqlLedger]:
    """One for each apply: what another one left unfinished must not keep it out."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = SqlLedger(engine_for(None, default_file=Path(folder) / "ledger.sqlite"))
        try:
            yield ledger
        finally:
            ledger.close()


def random_pairs(flavor: Flavor, seed: int, count: int) -> Iterator[Pair]:
    """Most ends grew out of one another, every second time with their renames annotated; some share
    nothing but names."""
    for number in range(seed, seed + count):
        grower = Grower(number, flavor)
        one, other = grower.unrelated_pair() if number % 10 == 9 else grower.pair()
        before, after = one.statements(), other.statements()
        yield Pair(
            name=f"seed {number}",
            before=End(statements=before),
            after=End(statements=after),
            renames=_lasting(grower.renames, before, after) if number % 2 else (),
        )


def _lasting(
    renames: tuple[Rename, ...], before: tuple[str, ...], after: tuple[str, ...]
) -> tuple[Rename, ...]:
    """Without those of what was replaced or dropped later: names are unique, so text tells."""
    return tuple(
        rename
        for rename in renames
        if any(f"`{rename.old}`" in statement for statement in before)
        and any(f"`{rename.new}`" in statement for statement in after)
        and any(f"`{rename.table}` (" in statement for statement in after)
    )


def case_pairs(flavor: Flavor) -> Iterator[Pair]:
    for case in all_cases():
        if flavor in case.flavors:
            yield Pair(
                name=case.name,
                before=case.before,
                after=case.after,
                renames=case.renames,
                policy=case.policy,
            )


def whole_products() -> Iterator[Pair]:
    for name, before, after in product_pairs():
        yield Pair(name=name, before=before, after=after)


@dataclass(slots=True)
class Tally:
    """What was judged so far."""

    ways: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    not_made: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)


def judge(
    court: Court,
    pairs: Iterator[Pair],
    *,
    apply_every: int,
    stop: int,
    say: Callable[[str], None],
    show: bool = False,
) -> Tally:
    """Each pair both ways; every `apply_every`th by the apply flow with its ledger and locks."""
    tally = Tally()
    for number, pair in enumerate(pairs):
        try:
            ways = court.both_ways(pair, apply_flow=number % apply_every == 0)
        except EndNotMade as error:
            tally.ways["not made"] += 1
            tally.not_made[str(error)[:70]] += 1
            continue
        for way, side in zip(ways, (pair, pair.reversed()), strict=True):
            tally.ways[way.word] += 1
            for words in way.refused:
                tally.refused[words.split(":")[0]] += 1
            if way.miss is not None:
                tally.misses.append(f"{pair.name}: {way.miss}")
            if show or way.miss is not None or way.refused:
                say(_in_words(side, way))
        if len(tally.misses) >= stop:
            break
    return tally


def _in_words(pair: Pair, way: Way) -> str:
    parts = [f"===== {pair.name}: {way.word}"]
    for title, lines in (
        ("from", pair.before.statements),
        ("to", pair.after.statements),
        ("sent", way.statements),
        ("refused", way.refused),
        ("miss", (way.miss,) if way.miss else ()),
    ):
        parts += [f"-- {title}\n{line};" for line in lines]
    return "\n".join(parts)


@click.command()
@click.option("--flavor", type=click.Choice([f.value for f in Flavor]), default=Flavor.MYSQL.value)
@click.option("--what", type=click.Choice(["random", "cases", "products"]), default="random")
@click.option("--seed", default=0, help="The first seed; each random pair takes the next one.")
@click.option("--pairs", default=200, help="How many, at most.")
@click.option("--only", default="", help="Pairs with this in their names.")
@click.option("--apply-every", default=10, help="Which share runs through the apply flow.")
@click.option("--show", is_flag=True, help="Print every way, not only misses and refusals.")
@click.option("--stop", default=5, help="Misses after which to stop.")
def main(
    flavor: str,
    what: str,
    seed: int,
    pairs: int,
    only: str,
    apply_every: int,
    show: bool,
    stop: int,
) -> None:
    """Judge pairs both ways and print what was missed or refused."""
    kind = Flavor(flavor)
    found = {
        "random": lambda: random_pairs(kind, seed, pairs),
        "cases": lambda: case_pairs(kind),
        "products": lambda: whole_products(),
    }[what]()
    chosen = itertools.islice((pair for pair in found if only in pair.name), pairs)
    started = time.monotonic()
    with start_server(newest(kind)) as server, court_on(server) as court:
        tally = judge(court, chosen, apply_every=apply_every, stop=stop, say=click.echo, show=show)
    click.echo(f"{dict(tally.ways)} in {time.monotonic() - started:.0f} s")
    for title, counter in (("refused", tally.refused), ("not made", tally.not_made)):
        for text, count in counter.most_common(12):
            click.echo(f"  {title} {count}: {text}")
    sys.exit(bool(tally.misses))


if __name__ == "__main__":
    main()
