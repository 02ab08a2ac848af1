"""Looks at live shards, many at a time; can change nothing.

Rule: what cannot be read in full makes its shard Unreachable, with a reason, and never a smaller
schema (GD-5, PL-10). Round trips are what a look costs: those that one server has are looked at
together (`looking_together.py`), and any other is asked for its texts ahead of the answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.access import read_access
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.deadline import Overdue, Patience, map_with_deadline
from reconciler.edges.mysql.dependents import ProgramsByName, ProgramsElsewhere, programs_of
from reconciler.edges.mysql.grants import shows_tables
from reconciler.edges.mysql.limits import LOOK_BYTES_MAX, OBSERVE_ANSWERS_MAX
from reconciler.edges.mysql.looking_together import Batch, batches_of, look_at_batch
from reconciler.edges.mysql.others import (
    asked_of,
    list_others,
    read_cross_database_parents,
    read_others,
)
from reconciler.edges.mysql.problems import (
    LostAhead,
    as_unavailable,
    hidden_tables,
    look_failed,
    shard_timeout,
)
from reconciler.edges.mysql.programs_among import looked_at, with_programs_among
from reconciler.edges.mysql.reach import ByItself, Reach, database_of
from reconciler.edges.mysql.reading import list_with_facts, read_tables
from reconciler.edges.mysql.server_settings import ServerLook, look_at_server
from reconciler.edges.mysql.session_settings import session_variables
from reconciler.edges.mysql.shown_ahead import ask_for
from reconciler.edges.mysql.target import resolve
from reconciler.edges.mysql.whole_shard import ServerWide, Within, whole_shard
from reconciler.errors import Problem, ReconcilerError, Unavailable
from reconciler.model.observation import Observation, ObservedShard, Unreachable
from reconciler.spec.model import ShardSpec


class MysqlLiveShards:
    """`LiveShards` over real servers. `root` is the repository, where relative TLS paths start."""

    def __init__(
        self, *, environ: Mapping[str, str], root: Path, reach: Reach | None = None
    ) -> None:
        self._environ = environ
        self._root = root
        self._reach = reach or ByItself()

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        targets = [*self._targets(shards)] if self._reach.serves_many else []
        elsewhere = ProgramsElsewhere(looked_at(targets))
        servers = ServerWide(programs=elsewhere)
        seen = self._look_together(targets, servers, parallel)
        left = [shard for shard in shards if shard.name not in seen]

        def look(shard: ShardSpec, patience: Patience) -> Observation:
            try:
                return observe_shard(shard, self._target(shard), servers, patience, self._reach)
            except ReconcilerError as error:
                return _unreachable(shard.name, error.problems[0])
            except Exception as error:  # whatever a server made of it, it is this shard's alone
                return _unreachable(shard.name, look_failed(f"shard {shard.name}", error))

        alone = map_with_deadline(look, left, parallel=parallel, limit_s=time_limit_s)
        for shard, found in zip(left, alone, strict=True):
            seen[shard.name] = _overdue(shard) if isinstance(found, Overdue) else found
        seen = with_programs_among(seen, targets, elsewhere, self._programs_of)
        return [seen[shard.name] for shard in shards]

    def _programs_of(
        self, target: Target, identity: str, databases: frozenset[str]
    ) -> ProgramsByName | None:
        try:
            with self._reach.open(target, program="reconciler, looking") as link:
                link.take_at_most(LOOK_BYTES_MAX)
                server = look_at_server(link)
                self._reach.set_session(link, session_variables(server.settings))
                return programs_of(link, databases) if server.identity == identity else None
        except Exception:  # whatever it was: what they are is not known
            return None

    def _targets(self, shards: Sequence[ShardSpec]) -> Iterator[tuple[ShardSpec, Target]]:
        """Of those that have one."""
        for shard in shards:
            with suppress(ReconcilerError):
                yield shard, self._target(shard)

    def _look_together(
        self, targets: Sequence[tuple[ShardSpec, Target]], servers: ServerWide, parallel: int
    ) -> dict[str, Observation]:
        """Shards that stand on one server, as far as one connection could look at them: whatever
        is out of the ordinary about one is left for a look at it alone."""

        def look(batch: Batch, patience: Patience) -> list[ObservedShard]:
            try:
                return look_at_batch(batch, servers, patience, self._reach)
            except Exception:  # what it was is found out, and told, by the looks at each
                return []

        found = map_with_deadline(
            look,
            batches_of(targets),
            parallel=parallel,
            limit_s=lambda batch: time_limit_s(batch.shards[0]),
        )
        whole = (seen for batch in found if not isinstance(batch, Overdue) for seen in batch)
        return {seen.shard: seen for seen in whole}

    def _target(self, shard: ShardSpec) -> Target:
        """Raises InvalidInput."""
        return resolve(shard.connection, environ=self._environ, root=self._root, shard=shard.name)


def observe_shard(
    shard: ShardSpec, target: Target, servers: ServerWide, patience: Patience, reach: Reach
) -> ObservedShard:
    """Texts are asked for ahead of the answers; where the link is lost over it, for some who stand
    in between take one question at a time, all is asked again one by one. Raises Unavailable or
    InvalidInput."""
    look = _Look(shard=shard, target=target, servers=servers, patience=patience, reach=reach)
    with as_unavailable(target.label):
        if reach.serves_many:
            with suppress(LostAhead):
                return look.seen(ahead=True)
        return look.seen(ahead=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    shard: ShardSpec
    target: Target
    servers: ServerWide
    patience: Patience
    reach: Reach

    def seen(self, *, ahead: bool) -> ObservedShard:
        """Raises Unavailable, InvalidInput, ServerRefusal or LinkLost."""
        with self.reach.open(self.target, program="reconciler, looking") as link:
            self.patience.when_over(link.cut)
            link.try_again_on_deadlock()
            link.take_at_most(LOOK_BYTES_MAX)
            server = look_at_server(link)
            self.reach.set_session(link, session_variables(server.settings))
            seen = self._observed(link, server, ahead=ahead)
            self.reach.confirm(link, server)
            return seen

    def _observed(self, link: Link, server: ServerLook, *, ahead: bool) -> ObservedShard:
        shard, servers, database = self.shard, self.servers, database_of(link)
        shown = servers.shown.of(link, server)
        access = read_access(
            link, database, server, shown, definers=shard.definers, programs=shard.programs
        )
        if not shows_tables(access):
            raise Unavailable(hidden_tables(self.target.label))
        # First of all: it takes the first shard of a server the longest, and the others need it
        # last.
        around = servers.around(link, server, access)
        tables = read_tables(link, database, list_again=list_with_facts, ahead=ahead)
        listed = list_others(link, database, shard.programs, servers.listings)
        asked = asked_of(database, tables.listing, listed, shard.programs)
        shows = ask_for(link, database, [*asked] if ahead else [], servers.known)
        others = read_others(shows, tables.listing, listed, shard.programs)
        parents = read_cross_database_parents(link, tables.definitions, server.settings.version)
        within = Within(tables=tables, others=others, parents=parents)
        return whole_shard(shard, server, access, within, around)


def time_limit_s(shard: ShardSpec) -> float:
    """How long one look at this shard may take; then nobody waits for it any more."""
    connection = shard.connection
    return connection.connect_timeout_s + OBSERVE_ANSWERS_MAX * connection.read_timeout_s


def _overdue(shard: ShardSpec) -> Unreachable:
    reason = f"it could not be read within {time_limit_s(shard):.0f} s"
    return _unreachable(shard.name, shard_timeout(f"shard {shard.name}", reason))


def _unreachable(shard: str, problem: Problem) -> Unreachable:
    reason = problem.message.removeprefix(f"shard {shard}: ")
    return Unreachable(shard=shard, code=problem.code, reason=reason, recovery=problem.recovery)
