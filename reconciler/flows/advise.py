"""`advise`: which shard should be split, and where, as a change of the spec. Nothing is run.

Rule: shards are only read, in a session for each that ends by itself; what was seen is recorded
before it is judged, and what could not be seen is told and never taken for little (SP-9).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.ddl.read import read_table
from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.flows.limits import ADVICE_TRIES_MAX, LOOKS_KEPT_S
from reconciler.limits import OBSERVE_PARALLEL_MIN
from reconciler.model.key_function import KeyFunctionName
from reconciler.model.observation import ObservedShard, Unreachable
from reconciler.outcomes.advise import AdviseOutcome
from reconciler.ports.looks import Looks
from reconciler.ports.shard_loads import ShardLoads
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.world import World
from reconciler.reshard.adviser import ANOTHER_FIRST, Judged, Proposal, judge, propose
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from reconciler.reshard.key_samples import tables_to_sample
from reconciler.reshard.loads import Look, Measured, Measurement, looks_from
from reconciler.reshard.phases import Phase
from reconciler.reshard.tables import class_tables
from reconciler.spec.listed_shards import lists_of
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Ceilings, Environment, KeyspaceKind
from reconciler.spec.split_edit import split_edit


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviseWorld:
    """What advice needs: the world of every look, what servers tell of load, and the ledger."""

    look: World
    loads: ShardLoads
    looks: Looks
    jobs: SplitJobs


def check_advisable(files: DesiredFiles, environment: Environment) -> KeyFunctionName:
    """Before a ledger is opened for nothing. Raises Refused."""
    spec = files.spec
    if environment.kind is not KeyspaceKind.MYSQL:
        raise Refused(_measured_by_others(spec.keyspace, environment))
    if spec.key_function is None:
        raise Refused(_no_key_function(spec.path))
    return spec.key_function


def advise(
    world: AdviseWorld, files: DesiredFiles, environment: Environment, *, spec_text: str
) -> AdviseOutcome:
    """`spec_text` is that of the spec's file. Raises Refused, Unavailable."""
    function = check_advisable(files, environment)
    keyspace, ceilings = files.spec.keyspace, environment.reshard.ceilings
    parallel = max(OBSERVE_PARALLEL_MIN, environment.rollout.parallel)
    measured = world.loads.measure(environment.shards, parallel=parallel)
    looks, judged = _judged(world, keyspace, environment, measured)
    found = _Search(world=world, files=files, environment=environment, function=function)
    proposal, declined = found.proposal_among(judged)
    edit = None
    if proposal is not None:
        edit = split_edit(
            spec_text, files.spec.path, environment.name, proposal.shard, proposal.targets
        )
    return AdviseOutcome(
        quarantine=environment.quarantine,
        environment=environment.name,
        keyspace=keyspace,
        ceilings=ceilings,
        loads=looks[-1].shards,
        declined=(*judged.declined, *declined),
        unseen=tuple(_unseen(measured, ceilings)),
        proposal=proposal,
        edit=None if edit is None else edit.shown,
        lists=lists_of(spec_text, files.spec.path, environment.name),
        problems=tuple(dict.fromkeys(found.problems)),
    )


def _judged(
    world: AdviseWorld, keyspace: str, environment: Environment, measured: Sequence[Measured]
) -> tuple[tuple[Look, ...], Judged]:
    name, now_s = environment.name, world.look.clock.now_s()
    oldest_s = now_s - LOOKS_KEPT_S
    this = Measurement(at_s=now_s, shards=tuple(measured))
    before = world.looks.past(name, keyspace, since_s=oldest_s)
    world.looks.add(name, keyspace, this, forget_before_s=oldest_s)
    looks = looks_from([*(one for one in before if one.at_s < now_s), this])
    ended = world.jobs.ended(name, keyspace=keyspace, phase=Phase.DONE, limit=1)
    judged = judge(
        looks,
        environment.reshard.ceilings,
        now_s=now_s,
        moved_at_s=ended[0].ended_s if ended else None,
        is_moving=bool(environment.retiring) or world.jobs.live(name, keyspace) is not None,
    )
    return looks, judged


class _Search:
    """For a bound that parts the first shard which has one. `problems` are what kept rows from
    being sampled."""

    def __init__(
        self,
        *,
        world: AdviseWorld,
        files: DesiredFiles,
        environment: Environment,
        function: KeyFunctionName,
    ) -> None:
        self.problems: list[Problem] = []
        self._world = world
        self._classes = files.spec.tables
        self._shards = {shard.name: shard for shard in environment.shards}
        self._function = KEY_FUNCTIONS[function]

    def proposal_among(self, judged: Judged) -> tuple[Proposal | None, list[tuple[str, str]]]:
        """And why each other shard is not in it."""
        declined: list[tuple[str, str]] = []
        proposal: Proposal | None = None
        for tried, overfull in enumerate(judged.overfull):
            if proposal is not None or tried == ADVICE_TRIES_MAX:
                declined.append((overfull.shard, ANOTHER_FIRST))
                continue
            keys = self._keys(overfull.shard)
            found = keys if isinstance(keys, str) else propose(overfull, keys)
            if isinstance(found, Proposal):
                proposal = found
            else:
                declined.append((overfull.shard, found))
        return proposal, declined

    def _keys(self, shard: str) -> tuple[bytes, ...] | str:
        """Of rows by chance; or, in words, why none can be had."""
        [seen] = self._world.look.shards.observe([self._shards[shard]], parallel=1)
        if isinstance(seen, Unreachable):
            self.problems.append(
                Problem(
                    code=seen.code, message=f"shard {shard}: {seen.reason}", recovery=seen.recovery
                )
            )
            return "it could not be read"
        try:
            return self._sampled(seen)
        except ReconcilerError as error:
            self.problems += error.problems
            return "its rows could not be sampled"

    def _sampled(self, seen: ObservedShard) -> tuple[bytes, ...] | str:
        """Raises what reading a definition, a shard or a key raises."""
        version = seen.settings.version
        tables = [read_table(text, version) for _, text in seen.definitions]
        classing = class_tables(tables, self._classes, self._function)
        if classing.problems:
            raise Refused(*classing.problems)
        sizes = {table: facts.size_bytes for table, facts in seen.facts}
        chosen = tables_to_sample(tables, classing.classes, sizes)
        if isinstance(chosen, str):
            return chosen
        return self._function.keys(self._world.loads.sample(self._shards[seen.shard], chosen))


def _unseen(
    measured: Sequence[Measured], ceilings: Ceilings
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Of what has a ceiling; the shards stand together where the reason is the same."""
    shards: dict[str, list[str]] = {}
    for one in measured:
        needed = (
            (one.size_bytes, ceilings.size_bytes),
            (one.rows, ceilings.rows),
            (one.statements, ceilings.statements_per_s),
        )
        if any(found is None and ceiling is not None for found, ceiling in needed):
            for why in one.unseen:
                shards.setdefault(why.removeprefix(f"shard {one.shard}: "), []).append(one.shard)
    yield from ((why, tuple(names)) for why, names in sorted(shards.items()))


def _measured_by_others(keyspace: str, environment: Environment) -> Problem:
    return Problem(
        code="advise-elsewhere",
        message=f"the shards of {keyspace} in {environment.name} are those of a keyspace of kind"
        f" {environment.kind}, and their servers are not asked for load",
        recovery="look at the cluster's own figures, and reshard there",
    )


def _no_key_function(path: str) -> Problem:
    return Problem(
        code="advise-without-key-function",
        message=f"{path} does not say which function of a row's column its shard is found by, so"
        " that nobody could tell which rows are on either side of a bound",
        recovery="name it as `key_function` in the spec, and class its `tables`",
    )
