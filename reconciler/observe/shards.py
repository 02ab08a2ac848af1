"""From observations to schemas: each distinct definition is read once, whatever the shard count."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import MappingProxyType

from reconciler.ddl.counter import counted_to, without_counter
from reconciler.ddl.programs.event import SaidOfEvent, is_passing, told_by_files
from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.programs.kinds import (
    program_fingerprint,
    program_text,
    read_program,
    told_by_policy,
)
from reconciler.ddl.read import read_table
from reconciler.ddl.scan import defined_table
from reconciler.diff.comparable import policy_fingerprint
from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.guard.model import Obstacle, Refusal, refusals_from
from reconciler.limits import OBSERVE_PARALLEL_MIN
from reconciler.model.dependents import Program
from reconciler.model.fleet import in_key_order
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.observation import Observation, ObservedShard, Unreachable
from reconciler.model.policy import AutoIncrement, Policy
from reconciler.model.programs import MANAGED_AS, Event, ManagedProgram
from reconciler.model.schema import OtherObject, Schema, Table
from reconciler.model.server import ServerVersion
from reconciler.model.shadow_tables import is_passing_trigger, is_shadow_named, is_shadow_trigger
from reconciler.observe.hidden_kinds import hidden_kinds
from reconciler.observe.refused_texts import RefusedTexts
from reconciler.observe.shared_places import shared_places
from reconciler.observe.unused_kinds import turned_up
from reconciler.ports.world import World
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDefinition:
    """A definition's text (its AUTO_INCREMENT counter only as far as policy looks at it), its value
    and its fingerprint."""

    text: str
    table: Table
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadProgram:
    """A program's text (`ddl.programs`), its value and its fingerprint: what `ReadDefinition` is
    of a table."""

    text: str
    value: ManagedProgram
    fingerprint: str


NO_EVENTS: Mapping[str, SaidOfEvent] = MappingProxyType({})


class DefinitionReader:
    """Reads each distinct (text, server version) once and remembers it for the run.

    `counters` are the AUTO_INCREMENT values that git wants, by table; None: a counter is read as it
    is printed, which is right for git's own definitions only. `tables` are git's: what engines make
    beside them is not managed, but for what a plan that is to remove it has `claimed`, whatever
    policy leaves alone. `events` is what git's files say of events. `reads_by` tells two apart.
    """

    def __init__(
        self,
        policy: Policy,
        counters: Mapping[str, int] | None = None,
        tables: Collection[str] = (),
        claimed: Collection[str] = (),
        events: Mapping[str, SaidOfEvent] = NO_EVENTS,
    ) -> None:
        self._claimed = frozenset(claimed)
        self._events = events
        self._policy = policy
        self._counters = counters
        self._tables = frozenset(tables)
        self._read: dict[tuple[str, ServerVersion], ReadDefinition] = {}
        self._programs: dict[tuple[ObjectKind, str], ReadProgram] = {}
        self._others: dict[int, tuple[OtherObject, Mapping[ObjectId, ReadProgram]]] = {}
        self._refused = RefusedTexts()
        wanted = None if counters is None else tuple(sorted(counters.items()))
        self.reads_by = (policy, wanted, self._tables, self._claimed, tuple(sorted(events.items())))

    def of_live(
        self,
        counters: Mapping[str, int],
        tables: Collection[str],
        claimed: Collection[str] = (),
        events: Mapping[str, SaidOfEvent] = NO_EVENTS,
    ) -> DefinitionReader:
        """A reader of live definitions that remembers what this one has read of tables."""
        reader = DefinitionReader(self._policy, counters, tables, claimed, events)
        reader._read = self._read
        return reader

    def with_policy(self, policy: Policy) -> DefinitionReader:
        """The same, to the eyes of another policy."""
        return DefinitionReader(policy, self._counters, self._tables, self._claimed, self._events)

    def with_claimed(self, claimed: Collection[str]) -> DefinitionReader:
        """The same, to the eyes of a plan that removes these."""
        return DefinitionReader(self._policy, self._counters, self._tables, claimed, self._events)

    def is_managed(self, table: str) -> bool:
        if self.is_claimed(table):
            return True
        return not self.is_left_alone(table) and not self.is_shadow_named(table)

    def is_claimed(self, table: str) -> bool:
        """Whether it may be an engine's, and a plan is to remove it."""
        return table in self._claimed and self.is_shadow_named(table)

    def is_left_alone(self, table: str) -> bool:
        """Whether policy leaves it alone, and no plan is to remove it as an engine's."""
        if self.is_claimed(table):
            return False
        return any(fnmatchcase(table, pattern) for pattern in self._policy.ignore_tables)

    def is_shadow_named(self, table: str) -> bool:
        """Whether it may be an engine's, beside a table of git's."""
        return is_shadow_named(table, self._tables)

    def is_shadow_trigger(self, name: str, table: str | None) -> bool:
        """Whether a trigger on `table` may be an engine's."""
        return is_shadow_trigger(name, table, self._tables)

    def read(self, text: str, version: ServerVersion) -> ReadDefinition:
        """Raises what `read_table` raises: a definition that is not understood."""
        text = self._with_counter_that_matters(text)
        key = (text, version)
        if key not in self._read:
            table = self._refused.read(key, lambda: read_table(text, version))
            fingerprint = policy_fingerprint(table, version, self._policy)
            self._read[key] = ReadDefinition(text=text, table=table, fingerprint=fingerprint)
        return self._read[key]

    @property
    def policy(self) -> Policy:
        return self._policy

    def read_program(self, about: ObjectId, text: str) -> ReadProgram:
        """Raises Refused: a program that is not understood, or hidden."""
        if (found := self._programs.get((about.kind, text))) is None:
            program = self._refused.read((about, text), lambda: read_program(about, text))
            program = told_by_policy(program, self._policy)
            if isinstance(program, Event):
                program = told_by_files(program, self._events.get(about.name.lower()))
            found = as_read(program)
            self._programs[about.kind, text] = found
        return found

    def read_other(self, other: OtherObject) -> Mapping[ObjectId, ReadProgram]:
        """What is managed of it: itself, or nothing. One that many shards share is read once.
        Raises as `read_program`."""
        if (known := self._others.get(id(other))) is not None:
            return known[1]
        about, found = other.object_id, {}
        if self._manages_other(about, other):
            found[about] = self.read_program(about, text_of(other))
        self._others[id(other)] = (other, found)
        return found

    def _manages_other(self, about: ObjectId, other: OtherObject) -> bool:
        if other.table is not None and not self.is_managed(other.table):
            return False  # a trigger on a table that is not managed is not, either
        return about.kind in MANAGED_AS and self.manages(about) and not self.is_nobodys(other)

    def read_object(self, object_id: ObjectId, text: str, version: ServerVersion) -> str:
        """The fingerprint of a managed object, whatever its kind. Raises what reading it raises."""
        if object_id.kind in MANAGED_AS:
            return self.read_program(object_id, text).fingerprint
        return self.read(text, version).fingerprint

    def manages(self, object_id: ObjectId) -> bool:
        if object_id.kind in MANAGED_AS:
            if object_id.kind is ObjectKind.TRIGGER and is_passing_trigger(object_id.name):
                return False
            of_kind = self._policy.manages_program(object_id.kind)
            return of_kind and not self.is_left_alone(object_id.name)
        return object_id.kind is ObjectKind.TABLE and self.is_managed(object_id.name)

    def is_nobodys(self, other: OtherObject) -> bool:
        """Whether it is an event that goes by itself, and no file claims its name (PG-28)."""
        if other.kind is not ObjectKind.EVENT or other.name.lower() in self._events:
            return False
        return is_passing(other)

    def _with_counter_that_matters(self, text: str) -> str:
        if self._policy.auto_increment is AutoIncrement.IGNORE:
            return without_counter(text)
        if self._counters is None:
            return text
        return counted_to(text, self._counters.get(defined_table(text) or ""))


def as_read(program: ManagedProgram) -> ReadProgram:
    return ReadProgram(
        text=program_text(program), value=program, fingerprint=program_fingerprint(program)
    )


def objects_of(
    definitions: Mapping[str, ReadDefinition], programs: Mapping[ObjectId, ReadProgram]
) -> dict[ObjectId, ReadDefinition | ReadProgram]:
    return {**{table_id(table): read for table, read in definitions.items()}, **programs}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenShard:
    """A shard's managed tables as values, beside the observation they were read from: all of it but
    `shadow_triggers`, by name the managed table that an engine has put each trigger on."""

    observation: ObservedShard
    definitions: Mapping[str, ReadDefinition]
    shadow_triggers: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[ObjectId, ReadProgram] = field(default_factory=dict)

    @property
    def shard(self) -> str:
        return self.observation.shard

    @property
    def fingerprints(self) -> dict[ObjectId, str]:
        return {object_id: read.fingerprint for object_id, read in self.objects.items()}

    @property
    def objects(self) -> dict[ObjectId, ReadDefinition | ReadProgram]:
        """Every managed object."""
        return objects_of(self.definitions, self.programs)

    @property
    def schema(self) -> Schema:
        tables = tuple(read.table for _, read in sorted(self.definitions.items()))
        others = (
            other for other in self.observation.others if other.object_id not in self.programs
        )
        return Schema(tables=tables, others=tuple(others))


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSnapshot:
    """Everything one pass saw of a keyspace: every shard is in `seen`, or in `unreachable`, or has
    a refusal of its own."""

    seen: tuple[SeenShard, ...]
    unreachable: tuple[Unreachable, ...]
    refusals: tuple[Refusal, ...]

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """Why not every shard was seen whole."""
        return (*self.unreachable, *self.refusals)


def look_at(world: World, environment: Environment, reader: DefinitionReader) -> FleetSnapshot:
    """Observe every shard of the environment and read what was seen."""
    return look_through(observe(world, environment), reader)


def observe(world: World, environment: Environment) -> Sequence[Observation]:
    """Every shard of the environment, in key order. Raises Refused (`region-quarantined`) where all
    of them are in quarantine."""
    if environment.region is not None and not environment.shards:
        raise Refused(_region_quarantined(environment.name, environment.region))
    parallel = max(environment.rollout.parallel, OBSERVE_PARALLEL_MIN)
    shards = {shard.name: shard for shard in environment.shards}
    ordered = [shards[name] for name in in_key_order(tuple(shards))]
    return world.shards.observe(ordered, parallel=parallel)


def _region_quarantined(environment: str, region: str) -> Problem:
    return Problem(
        code="region-quarantined",
        message=f"every shard of region {region} of environment {environment} is in quarantine:"
        " there is nothing that this region may look at or change",
        recovery="take a shard of it out of `quarantine` in the spec when it is well again",
    )


def look_through(observations: Sequence[Observation], reader: DefinitionReader) -> FleetSnapshot:
    unreachable = tuple(seen for seen in observations if isinstance(seen, Unreachable))
    observed = [seen for seen in observations if isinstance(seen, ObservedShard)]
    seen, refusals = read_all(observed, reader)
    return FleetSnapshot(
        seen=seen, unreachable=unreachable, refusals=(*shared_places(observed), *refusals)
    )


def read_all(
    observed: Sequence[ObservedShard], reader: DefinitionReader
) -> tuple[tuple[SeenShard, ...], tuple[Refusal, ...]]:
    """A table that is not understood refuses its shard by name; all other tables are still read,
    so that every such table is told at once."""
    seen: list[SeenShard] = []
    refusals: list[Refusal] = []
    for observation in observed:
        definitions: dict[str, ReadDefinition] = {}
        for table, text in observation.definitions:
            if not reader.is_managed(table):
                continue
            try:
                definitions[table] = reader.read(text, observation.settings.version)
            except ReconcilerError as unread:
                refusals += refusals_from(
                    unread, shard=observation.shard, object_id=table_id(table)
                )
        refusals += _broken(observation, reader)
        programs, unread_programs = _programs(observation, reader)
        refusals += unread_programs
        seen.append(replace(_seen(observation, definitions, reader), programs=programs))
    return tuple(seen), tuple(refusals)


def _programs(
    observation: ObservedShard, reader: DefinitionReader
) -> tuple[dict[ObjectId, ReadProgram], list[Refusal]]:
    programs: dict[ObjectId, ReadProgram] = {}
    refusals: list[Refusal] = []
    refusals += hidden_kinds(observation, reader.policy)
    refusals += turned_up(observation, reader.policy)
    for other in observation.others:
        try:
            read = reader.read_other(other)
        except ReconcilerError as unread:
            about = other.object_id
            refusals += refusals_from(unread, shard=observation.shard, object_id=about)
        else:
            programs |= read
    return programs, refusals


def _seen(
    observation: ObservedShard, definitions: Mapping[str, ReadDefinition], reader: DefinitionReader
) -> SeenShard:
    """What an engine's trigger does to a table is no more the table's than the engine's copy is."""
    others, dependents = observation.others, observation.dependents
    programs: tuple[OtherObject | Program, ...] = (*others, *dependents.programs)
    triggers = {
        one.name: one.table
        for one in programs
        if one.kind is ObjectKind.TRIGGER
        and one.table is not None
        and reader.is_shadow_trigger(one.name, one.table)
    }
    if triggers:
        observation = replace(
            observation,
            others=tuple(one for one in others if one.name not in triggers),
            dependents=replace(
                dependents,
                programs=tuple(one for one in dependents.programs if one.name not in triggers),
            ),
        )
    return SeenShard(
        observation=observation,
        definitions=definitions,
        shadow_triggers=triggers,
    )


def shadow_tables(
    look: Iterable[SeenShard], reader: DefinitionReader
) -> dict[str, tuple[str, ...]]:
    """Tables and triggers that may be engines', with the shards that have them: sorted by name.
    Those that policy leaves alone are among them: whether one is an engine's the ledger knows."""
    shards: dict[str, list[str]] = {}
    for seen in look:
        for name in seen.shadow_triggers:
            shards.setdefault(name, []).append(seen.shard)
        for name, _ in (*seen.observation.definitions, *seen.observation.broken):
            if reader.is_shadow_named(name):
                shards.setdefault(name, []).append(seen.shard)
    return {name: in_key_order(tuple(shards[name])) for name in sorted(shards)}


def _broken(observation: ObservedShard, reader: DefinitionReader) -> list[Refusal]:
    """Tables that the server cannot show: what they are like is not known, never taken for gone."""
    return [
        Refusal(
            code="table-broken",
            shard=observation.shard,
            object_id=table_id(table),
            message=f"shard {observation.shard}, table {table}: the server lists it and cannot show"
            f" its definition: {error}",
            recovery="repair or drop the table on the shard, or leave it alone with"
            " `policy.ignore_tables`; then run the same command again",
        )
        for table, error in observation.broken
        if reader.is_managed(table)
    ]
