"""Runs behind Vitess: at each phase of an apply each of the processes it needs is killed, while
somebody writes over vtgate, and any later process goes on.

Nothing may be lost, done twice or left behind: the witnesses are the servers' binary logs, Vitess'
own record of its migrations, and the store of its topology. `make chaos-vitess SEEDS=1-60` does
these runs, one after the other, on one cluster; a failure prints its seed and what was done.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from random import Random

import pymysql

from reconciler.edges.ledger.place import LEDGER_FILE
from reconciler.edges.ledger.sql import open_ledger
from reconciler.edges.vitess.local.cluster import VTCTLD, VTGATE
from reconciler.ledger.states import ApplyState, OperationState, StatementState
from tests.integration.chaos.applying import Child, End
from tests.integration.chaos.vitess_applying import Phase, resume
from tests.integration.chaos.vitess_stage import VitessStage, vitess_stages
from tests.integration.writer import Row, Writer
from tests.seeds import seeds_from

CALM_TRIES_MAX = 40
CALM_PAUSE_S = 2.0  # a killed vtgate's locks are the tablets' for up to 30 s
TROUBLES_MAX = 3
AWAY_S_MAX = 4.0


class Victim(StrEnum):
    DRIVER = "driver"
    TABLET = "vttablet"
    VTCTLD = "vtctld"
    VTGATE = "vtgate"
    SERVER = "mysqld"
    PLANNED = "PlannedReparentShard"
    EMERGENCY = "EmergencyReparentShard"


_REPARENTS = (Victim.PLANNED, Victim.EMERGENCY)  # of a shard that has a replica
# Every pair comes once in each 45 seeds.
PAIRS = tuple((phase, victim) for victim in Victim if victim not in _REPARENTS for phase in Phase)
# A swap takes seconds, all else begins at once.
_LATER_S_MAX = {Phase.SWAPS: 4.0, Phase.RUNS: 1.5, Phase.READY: 0.5}
_SOON_S = 0.15


class VitessChaosRun:
    """`story` tells what was done, for the one who has to find out why it went wrong."""

    def __init__(
        self,
        stage: VitessStage,
        folder: Path,
        seed: int,
        pairs: Sequence[tuple[Phase, Victim]] = (),
    ) -> None:
        self.stage = stage
        self.seed = seed
        self.random = Random(seed)
        self.story: list[str] = []
        self._told = folder / f"told-{seed}"
        self._told.touch()
        self._heard = 0
        self._pairs = tuple(pairs) or self._drawn()

    def _drawn(self) -> tuple[tuple[Phase, Victim], ...]:
        more = self.random.choices(PAIRS, k=self.random.randint(0, TROUBLES_MAX - 1))
        return (PAIRS[(self.seed - 1) % len(PAIRS)], *more)

    @property
    def title(self) -> str:
        return ", ".join(f"{victim} at {phase.name}" for phase, victim in self._pairs)

    def run(self) -> None:
        """Raises AssertionError, with the story, if anything was lost, done twice or left."""
        try:
            self._run()
        except AssertionError as failure:
            raise AssertionError("\n".join([str(failure), *self._evidence()])) from failure

    def _run(self) -> None:
        rows = self.stage.reset()
        self._then = self.stage.witness()
        self._writer = self._writing(rows)
        try:
            for phase, victim in self._pairs:
                if self._trouble(phase, victim) is End.DONE:
                    break
            self._calm()
        finally:
            self._writer.end()
        self._judge()

    def _writing(self, rows: dict[int, Row]) -> Writer:
        target = self.stage.cluster.target(self.stage.cluster.logins.admin)
        connect = partial(
            pymysql.connect,
            host=target.host,
            port=target.port,
            user=target.user,
            password=target.password,
            autocommit=True,
        )
        return Writer(
            connect,
            self.stage.keyspace,
            "items",
            columns={"a": int, "note": str},
            rows=rows,
            seed=self.seed,
        )

    def _trouble(self, phase: Phase, victim: Victim) -> End | None:
        is_of_a_shard = phase not in (Phase.FIRST, Phase.LAST)
        times = self.random.randint(1, len(self.stage.shards)) if is_of_a_shard else 1
        later_s = self.random.random() * _LATER_S_MAX.get(phase, _SOON_S)
        away_s = self.random.choice((0.0, self.random.random() * AWAY_S_MAX))
        shard = self.random.choice(self.stage.shards)
        child = self._begin()
        is_there = child.reach_mark(phase.mark, times)
        self._tell(
            f"{phase.name} came {times} times" if is_there else f"{phase.name} did not come",
        )
        time.sleep(later_s)
        self._tell(f"{victim} (of {shard}) is killed {later_s * 1000:.0f} ms later")
        if victim is Victim.DRIVER:
            child.kill()
        elif victim in _REPARENTS:
            self.stage.reparent(shard, is_dead=victim is Victim.EMERGENCY, away_s=away_s)
            self._tell(f"{self.stage.place_of(shard).name} is the primary of {shard} now")
        else:
            self._kill_and_start(victim, shard, away_s)
        return self._ended(child)

    def _kill_and_start(self, victim: Victim, shard: str, away_s: float) -> None:
        vitess = self.stage.vitess
        if victim is Victim.SERVER:
            server = self.stage.server_of(shard)
            server.kill()
            time.sleep(away_s)
            server.start()
        else:
            tablet = vitess.tablet(self.stage.keyspace, shard).name
            name = {Victim.VTCTLD: VTCTLD, Victim.VTGATE: VTGATE}.get(victim, tablet)
            vitess.kill(name)
            time.sleep(away_s)
            vitess.start_again(name)
        self._tell(f"{victim} is back, after {away_s:.1f} s and its start")

    def _begin(self) -> Child:
        return Child(lambda moments: resume(self.stage, self._told, moments))

    def _ended(self, child: Child) -> End | None:
        end = child.end()
        said = self._told.read_text().splitlines()
        self._tell(f"it ended: {end.name if end is not None else 'killed'}")
        self.story += [f"  {line}" for line in said[self._heard :]]
        news, self._heard = said[self._heard :], len(said)
        self._check(end is not End.DRIFT and end is not End.FAULT, "an impossible end")
        if any("vschema-not-everywhere" in line for line in news):
            # vtctld died between the two writes; the refusal says what a person does.
            self._tell("somebody runs RebuildVSchemaGraph")
            self.stage.vitess.ask("RebuildVSchemaGraph")
        return end

    def _calm(self) -> None:
        """Run again until it is done, as a person or a scheduler would."""
        for _ in range(CALM_TRIES_MAX):
            if self._ended(self._begin()) is End.DONE:
                return
            time.sleep(CALM_PAUSE_S)
        self._check(False, "it never ends")

    def _judge(self) -> None:
        plan = self.stage.plan
        found: dict[int, Row] = {}
        for shard in self.stage.shards:
            here = self.stage.rows(shard)
            self._check(not found.keys() & here.keys(), f"rows of {shard} are elsewhere as well")
            found |= here
            self._judge_shard(shard)
        self._judge_rows(found)
        last = plan.core.vschema[-1].after
        self._check(self.stage.vschema() == last, "the VSchema is not the plan's")
        writes, wanted = self.stage.vschema_writes_since(self._then), len(plan.core.vschema)
        self._check(writes == wanted, f"the VSchema was written {writes} times")
        self._judge_the_ledger()
        drift = self.stage.fleet.run("drift")
        self._check(drift.code == 0, f"drift says: {drift.said}")

    def _judge_shard(self, shard: str) -> None:
        stage, then = self.stage, self._then
        for table, change in (("items", "`a` bigint"), ("labels", "`b` int")):
            definition = stage.definition(shard, table)
            self._check(change in definition, f"{shard} is not at its after-state: {definition}")
        swaps = stage.swaps_since(then, shard)
        self._check(swaps == 1, f"{shard}: the table was swapped {swaps} times")
        own = stage.own_statements_since(then, shard)
        self._check(len(own) == 1, f"{shard}: the server's own statement ran so: {own}")
        migrations = stage.migrations_since(then, shard)
        states = [one["migration_status"] for one in migrations]
        self._check(states.count("complete") == 1, f"{shard}: migrations are {states}")
        ended = {"complete", "failed", "cancelled"}
        self._check(ended.issuperset(states), f"{shard}: migrations are {states}")
        ids = [one["migration_uuid"] for one in migrations]
        contexts = [one["migration_context"] for one in migrations]
        self._check(len(set(ids)) == len(set(contexts)) == len(ids), f"{shard}: {contexts}")
        uncleaned = [one for one in migrations if one["cleanup_timestamp"] is None]
        self._check(not uncleaned, f"{shard}: not cleaned up: {uncleaned}")
        left = stage.left(shard)
        self._check(not left, f"{shard} still has {left}")

    def _judge_rows(self, found: Mapping[int, Row]) -> None:
        rows = self._writer.rows
        lost, doubled = sorted(rows.keys() - found.keys()), sorted(found.keys() - rows.keys())
        other = sorted(n for n in found.keys() & rows.keys() if tuple(found[n]) != tuple(rows[n]))
        self._check(
            not (lost or doubled or other),
            f"of {self._writer.written} writes: rows lost {lost[:9]}, come back {doubled[:9]},"
            f" other {other[:9]}; the writer heard {self._writer.errors[-5:]}",
        )

    def _judge_the_ledger(self) -> None:
        ledger = open_ledger(None, default_file=self.stage.fleet.root / LEDGER_FILE)
        (last, *_) = ledger.applies("production", keyspace="shop", limit=1)
        operations = {row.state for row in ledger.operations(last.apply_id)}
        steps = {row.state for row in ledger.finalizers(last.apply_id)}
        doubtful = [
            row.sql
            for row in ledger.statements(last.apply_id)
            if row.state in (StatementState.INTENDED, StatementState.UNKNOWN)
        ]
        ledger.close()
        self._check(last.state is ApplyState.COMPLETED, f"the ledger says {last.state}")
        done = {OperationState.COMPLETED}
        self._check(operations == done, f"operations are {operations}")
        self._check(steps <= done, f"steps are {steps}")
        self._check(not doubtful, f"the ledger does not know of {doubtful}")

    def _evidence(self) -> Iterator[str]:
        """What Vitess and the ledger say of it."""
        for shard in self.stage.shards:
            for one in self.stage.migrations_since(self._then, shard):
                yield f"{shard}: {one}"
        ledger = open_ledger(None, default_file=self.stage.fleet.root / LEDGER_FILE)
        for apply in ledger.applies("production", keyspace="shop", limit=2):
            for row in ledger.statements(apply.apply_id):
                yield f"apply {apply.apply_id}, {row.shard}: {row.state} {row.sql[:60]}"
            for event in ledger.events(apply.apply_id, limit=99):
                yield f"apply {apply.apply_id}: {event}"
        ledger.close()

    def _tell(self, what: str) -> None:
        self.story.append(what)

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            raise AssertionError("\n".join([f"seed {self.seed}: {what}", *self.story]))


def main(seeds: Sequence[int]) -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as name, vitess_stages(Path(name)) as stages:
        stage = next(stages)
        for seed in seeds:
            run, begun_s = VitessChaosRun(stage, Path(name), seed), time.monotonic()
            try:
                run.run()
            except AssertionError as failure:
                failed += 1
                sys.stdout.write(f"{failure}\n")
                stage = next(stages)  # whatever that run has left
            sys.stdout.write(f"seed {seed}: {run.title}, {time.monotonic() - begun_s:.0f} s\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(seeds)} runs, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(seeds_from(sys.argv[1])))
