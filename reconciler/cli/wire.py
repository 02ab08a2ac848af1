"""The only place where the edges are built and handed to the flows.

What only an apply, a look at the ledger or a keyspace at PlanetScale needs is imported when one is
asked for: the ledger's library and the rollout would take a verb that needs neither a quarter of a
second longer to begin, the library of HTTP a tenth.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, assert_never

from reconciler.cli.phases import told, told_locks
from reconciler.cli.streams import remark
from reconciler.edges.clock import SystemClock
from reconciler.edges.engines.find import MachinePrograms
from reconciler.edges.mysql.index_use import MysqlIndexCounts
from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.mysql.reach import ByItself, Reach
from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.edges.mysql.scratch_here import scratch_for
from reconciler.edges.vitess.keyspaces import VitessKeyspaces
from reconciler.edges.vitess.reach import OverVtgate
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import Problem, Refused
from reconciler.observe.quarantine import check_scratch_apart
from reconciler.ports.controller import ControllerLease
from reconciler.ports.deploy_requests import DeployRequests
from reconciler.ports.ledger import Ledger, NoLastingLedger
from reconciler.ports.promotion import PromotionChecks
from reconciler.ports.reshards import Reshards
from reconciler.ports.routes import Routes
from reconciler.ports.row_answers import RowAnswers
from reconciler.ports.shards import LiveShards
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.split_servers import SplitServers
from reconciler.ports.world import World
from reconciler.spec.insecure import insecure_note
from reconciler.spec.model import Connection, Environment, KeyspaceKind, PlanetScaleDatabase
from reconciler.spec.scratch import not_kept
from reconciler.spec.scratch_image import StartedScratch

if TYPE_CHECKING:
    from reconciler.drive.split.reshard_tick import ReshardWorld
    from reconciler.drive.split.world import SplitWorld
    from reconciler.edges.ledger.sql import SqlLedger
    from reconciler.flows.advise import AdviseWorld
    from reconciler.flows.apply import ApplyConnections


_Known = tuple[Connection | StartedScratch | None, KeyspaceKind, PlanetScaleDatabase | None]


class Worlds:
    """Worlds by what they are connected to: all keyspaces that share a scratch setting share its
    servers, and those that share a ledger its connections; both end when the `with` block is left.
    """

    def __init__(
        self, root: Path, environ: Mapping[str, str] = os.environ, *, in_job: bool = False
    ) -> None:
        """`in_job`: what lies in the checkout was put there by commits."""
        self._is_job = in_job or environ.get("GITHUB_ACTIONS") == "true"
        self._root = root.resolve()
        self._environ = environ
        self._worlds: dict[_Known, World] = {}
        self._scratches: dict[Connection | StartedScratch | None, MysqlScratch] = {}
        self._ledgers: dict[str | None, SqlLedger] = {}
        self._told: set[str] = set()  # environments whose warnings were shown
        self._open = ExitStack()

    def __enter__(self) -> Worlds:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def apply_connections_of(
        self, environment: Environment, interrupts: Callable[[], int]
    ) -> ApplyConnections:
        """What can change shards. Raises Unavailable if the ledger cannot be opened."""
        from reconciler.drive.deploy.reservation import ReservedInLedger
        from reconciler.drive.shard.task import RolloutWorld
        from reconciler.edges.mysql.locks import MysqlShardLocks
        from reconciler.edges.shard_session import MysqlShardSessions
        from reconciler.edges.worker_pool import ThreadWorkerPool
        from reconciler.flows.apply import ApplyConnections

        look, ledger = self.world_of(environment), self.ledger_of(environment)
        environ, root, reach = self._environ, self._root, reach_of(environment)
        return ApplyConnections(
            look=look,
            locks=told_locks(
                MysqlShardLocks(
                    environ=environ,
                    root=root,
                    clock=look.clock,
                    workers=ThreadWorkers(),
                    reach=reach,
                )
            )
            if environment.planetscale is None
            else ReservedInLedger(ledger, look.clock, environment.name),
            rollout=RolloutWorld(
                sessions=MysqlShardSessions(environ=environ, root=root, reach=reach),
                ledger=ledger,
                workers=ThreadWorkerPool(),
                clock=look.clock,
                jitter=random.random,
                interrupts=interrupts,
                vschemas=look.keyspaces,
                deploys=look.deploys,
            ),
            recall=lambda: self.row_answers_of(environment),
            checks=self.checks(),
        )

    def checks(self) -> PromotionChecks:
        """What specs measure (`promote_if`) is put to these."""
        from reconciler.edges.promotion import MeasuredByServers

        return MeasuredByServers(environ=self._environ, root=self._root)

    def ledger_of(self, environment: Environment) -> Ledger:
        """Opened once, however many keyspaces share it and however long one watches. Raises
        Unavailable if it cannot be opened, and Refused if it came with the checkout (GT-5)."""
        from reconciler.edges.ledger.address import fill_in, from_root
        from reconciler.edges.ledger.place import check_address, check_file, file_of
        from reconciler.edges.ledger.sql import open_ledger

        url = environment.ledger
        if url not in self._ledgers:
            filled = fill_in(url, self._environ) if url else None
            if filled and self._is_job:
                check_address(filled)
            filled = from_root(filled, self._root) if filled else None
            default = self._default_ledger()
            if (file := file_of(filled) if filled else default) is not None:
                check_file(file, self._root)
            ledger = open_ledger(filled, default_file=default)
            self._open.callback(ledger.close)
            self._ledgers[url] = ledger
        return self._ledgers[url]

    def lasting_ledger_of(self, environment: Environment) -> Ledger:
        """The one that earlier applies wrote to. Raises as `ledger_of`, and NoLastingLedger in a
        job whose ledger ends with it: what that does not know says nothing."""
        if self._is_job and not environment.ledger:
            raise NoLastingLedger(_ends_with_the_job(environment.name))
        return self.ledger_of(environment)

    def row_answers_of(self, environment: Environment) -> RowAnswers:
        """Raises as `lasting_ledger_of`: what ends with a job is recalled by nobody."""
        self.lasting_ledger_of(environment)
        return self._ledgers[environment.ledger].row_answers

    def controller_lease_of(self, environment: Environment) -> ControllerLease:
        """Who leads among the controllers of the environment's ledger. Raises as `ledger_of`."""
        self.ledger_of(environment)
        return self._ledgers[environment.ledger].controller_lease

    def advise_world_of(self, environment: Environment) -> AdviseWorld:
        """Raises as `lasting_ledger_of`: looks that end with a job make no row."""
        from reconciler.edges.mysql.loads import MysqlShardLoads
        from reconciler.flows.advise import AdviseWorld

        self.lasting_ledger_of(environment)
        ledger = self._ledgers[environment.ledger]
        return AdviseWorld(
            look=self.world_of(environment),
            loads=MysqlShardLoads(environ=self._environ, root=self._root),
            looks=ledger.looks,
            jobs=ledger.split_jobs,
        )

    def routes_of(self, environment: Environment) -> Routes:
        """The catalog in the environment's ledger. Raises as `ledger_of`, and Refused for a ledger
        that is a file: no application could ask it."""
        self.ledger_of(environment)
        ledger = self._ledgers[environment.ledger]
        if not ledger.is_on_a_server:
            raise Refused(_routes_in_a_file(environment.name))
        return ledger.routes

    def split_jobs_of(self, environment: Environment) -> SplitJobs:
        """Beside the routes, and raises as `routes_of`; where others keep the routes, in any that
        lasts, and raises as `ledger_of`, and Refused for one that ends with this job."""
        if environment.kind is KeyspaceKind.MYSQL:
            self.routes_of(environment)
        elif self._is_job and not environment.ledger:
            raise Refused(_split_ends_with_the_job(environment.name))
        else:
            self.ledger_of(environment)
        return self._ledgers[environment.ledger].split_jobs

    def split_record_of(self, environment: Environment) -> SplitJobs:
        """To be looked at, wherever it is kept. Raises as `ledger_of`."""
        self.ledger_of(environment)
        return self._ledgers[environment.ledger].split_jobs

    def split_servers(self) -> SplitServers:
        from reconciler.edges.mysql.split.servers import MysqlSplitServers

        return MysqlSplitServers(environ=self._environ, root=self._root)

    def reshards(self) -> Reshards:
        from reconciler.edges.vitess.reshards import VitessReshards

        return VitessReshards(environ=self._environ, root=self._root)

    def split_driving_of(
        self, environment: Environment, interrupts: Callable[[], int]
    ) -> SplitWorld | ReshardWorld:
        """What can move rows, or have Vitess move them. Raises as `split_jobs_of`."""
        from reconciler.drive.split.brake import Brake
        from reconciler.drive.split.reshard_tick import ReshardWorld
        from reconciler.drive.split.world import SplitWorld
        from reconciler.edges.mysql.split.vitals import measure_shard
        from reconciler.flows.split.ground import shards_concerned

        clock, jobs = SystemClock(), self.split_jobs_of(environment)
        if environment.vitess is not None:
            return ReshardWorld(
                jobs=jobs, reshards=self.reshards(), clock=clock, interrupts=interrupts
            )
        measure = partial(measure_shard, environ=self._environ, root=self._root)
        return SplitWorld(
            jobs=jobs,
            routes=self.routes_of(environment),
            servers=self.split_servers(),
            clock=clock,
            interrupts=interrupts,
            brake=Brake(measure, shards_concerned(environment), environment.rollout, clock),
        )

    def _default_ledger(self) -> Path:
        from reconciler.edges.ledger.place import default_file, job_file

        if self._is_job:
            return job_file(self._root, self._environ, self._open)
        return default_file(self._root)

    def world_of(self, environment: Environment) -> World:
        """Built when first asked for; no connection is opened yet."""
        environment = self._here(environment)
        if environment.name not in self._told and (note := insecure_note(environment)):
            remark(f"warning: environment {environment.name}: {note}")
        self._told.add(environment.name)
        known = (environment.scratch, environment.kind, environment.planetscale)
        if known not in self._worlds:
            environ, root, workers = self._environ, self._root, ThreadWorkers()
            shards: LiveShards
            if environment.planetscale is None:
                deploys = None
                shards = MysqlLiveShards(environ=environ, root=root, reach=reach_of(environment))
            else:
                deploys, shards = at_planetscale(environ, environment.planetscale)
            world = World(
                shards=shards,
                scratch=self._scratch_of(environment),
                workers=workers,
                clock=SystemClock(),
                engines=MachinePrograms(),
                keyspaces=VitessKeyspaces(environ=environ, root=root, workers=workers),
                deploys=deploys,
                rows=MysqlRowProbes(environ=environ, root=root),
                counts=MysqlIndexCounts(environ=environ, root=root)
                if environment.kind is KeyspaceKind.MYSQL
                else None,
            )
            self._worlds[known] = told(world)
        return self._worlds[known]

    def _here(self, environment: Environment) -> Environment:
        """With the scratch server that this machine names, where it does. Raises InvalidInput for
        settings that cannot be read, and Refused for a server that is in quarantine (RG-60)."""
        scratch = scratch_for(environment.scratch, self._environ)
        if self._is_job or self._environ.get("CI"):  # nobody is there for whom it would be warm
            scratch = not_kept(scratch)
        if scratch == environment.scratch:
            return environment
        placed = replace(environment, scratch=scratch)
        check_scratch_apart(placed)
        return placed

    def _scratch_of(self, environment: Environment) -> MysqlScratch:
        if environment.scratch not in self._scratches:
            scratch = MysqlScratch(environment.scratch, environ=self._environ, root=self._root)
            self._scratches[environment.scratch] = self._open.enter_context(scratch)
        return self._scratches[environment.scratch]


def at_planetscale(
    environ: Mapping[str, str], database: PlanetScaleDatabase
) -> tuple[DeployRequests, LiveShards]:
    """`RECONCILER_PLANETSCALE_API` is for a proxy before PlanetScale's API, or a double of it; a
    spec cannot name one, for a token would go there."""
    from reconciler.edges.planetscale.client import API_URL
    from reconciler.edges.planetscale.deploy_requests import PlanetScale
    from reconciler.edges.planetscale.production import PlanetScaleProduction

    api_url = environ.get("RECONCILER_PLANETSCALE_API", API_URL)
    deploys = PlanetScale(environ=environ, api_url=api_url)
    return deploys, PlanetScaleProduction(deploys, database)


def reach_of(environment: Environment) -> Reach:
    """How the servers behind the shards are reached."""
    match environment.kind:
        case KeyspaceKind.MYSQL:
            return ByItself()
        case KeyspaceKind.VITESS | KeyspaceKind.PLANETSCALE:
            return OverVtgate()
        case kind:
            assert_never(kind)


def _ends_with_the_job(environment: str) -> Problem:
    return Problem(
        code="ledger-ends-with-job",
        message=f"environment {environment} names no ledger, so that the one of this job is new:"
        " nobody can tell whose the tables are that engines may have made",
        recovery="give the environment a `ledger` that all jobs reach; or, if the tables are"
        " nobody's, drop them, or leave them alone with `policy.ignore_tables`",
    )


def _split_ends_with_the_job(environment: str) -> Problem:
    return Problem(
        code="split-ends-with-job",
        message=f"environment {environment} names no ledger, so that the one of this job is new: it"
        " knows of no split, and nothing would know of one that this job begins",
        recovery="give the environment a `ledger` that all jobs reach",
    )


def _routes_in_a_file(environment: str) -> Problem:
    return Problem(
        code="routes-need-server",
        message=f"the ledger of environment {environment} is a file, and applications ask for"
        " routes where all of them can",
        recovery="give the environment a `ledger` that is a mysql:// address",
    )
