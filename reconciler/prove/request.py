"""What is to be proven, with everything that the proof needs to know of the shards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from reconciler.ddl.foreign import ForeignDefinition, foreign_table
from reconciler.diff.comparable import policy_fingerprint
from reconciler.diff.model import Step
from reconciler.diff.programs import ProgramStep, program_steps
from reconciler.model.dependents import Reference
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import ObservedShard, TableFacts
from reconciler.model.policy import Policy
from reconciler.model.renames import Rename
from reconciler.model.schema import Schema
from reconciler.model.server import ServerSettings, ServerVersion
from reconciler.observe.shards import DefinitionReader, ReadDefinition, ReadProgram
from reconciler.plan.model import Effect
from reconciler.prove.part import Part
from reconciler.spec.model import EngineRules


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoices:
    """What holds for all shards alike, so that a statement has one engine on all of them: of each
    table the size on the fullest shard, the triggers on any, and the foreign keys that refer to it
    on any; `tables` are the names of all that any has. `reviewed` are the engines of the plan that
    is about to be applied, by what a statement does to its own table."""

    rules: EngineRules = field(default_factory=EngineRules)
    size_bytes: Mapping[str, int] = field(default_factory=dict)
    is_behind_vitess: bool = False
    triggers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    children: Mapping[str, tuple[Reference, ...]] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()
    reviewed: Mapping[Effect, EngineName] = field(default_factory=dict)


NO_CHOICES = EngineChoices()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramsBetween:
    """Managed programs, as they are and as git says."""

    before: Mapping[ObjectId, ReadProgram] = field(default_factory=dict)
    after: Mapping[ObjectId, ReadProgram] = field(default_factory=dict)

    @property
    def of_triggers(self) -> ProgramsBetween:
        return self._with({ObjectKind.TRIGGER})

    @property
    def of_others(self) -> ProgramsBetween:
        """All but the triggers, which stand in line on their tables."""
        return self._with(frozenset(ObjectKind) - {ObjectKind.TRIGGER})

    def _with(self, kinds: Collection[ObjectKind]) -> ProgramsBetween:
        return ProgramsBetween(
            before={about: read for about, read in self.before.items() if about.kind in kinds},
            after={about: read for about, read in self.after.items() if about.kind in kinds},
        )

    @property
    def steps(self) -> tuple[ProgramStep, ...]:
        before = {about: read.value for about, read in self.before.items()}
        return program_steps(before, {about: read.value for about, read in self.after.items()})


NO_PROGRAMS = ProgramsBetween()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRequest:
    """`observed` are all shards that share this before-state, the first one standing for all;
    `texts` are its definitions by table."""

    observed: tuple[ObservedShard, ...]
    texts: Mapping[str, str]
    steps: tuple[Step, ...]
    desired: Schema
    policy: Policy
    renames: tuple[Rename, ...]
    reader: DefinitionReader
    sequences: tuple[ForeignDefinition, ...] = ()  # MariaDB: those that defaults of columns may use
    engines: EngineChoices = NO_CHOICES
    programs: ProgramsBetween = NO_PROGRAMS

    @property
    def shard(self) -> ObservedShard:
        return self.observed[0]

    @property
    def settings(self) -> ServerSettings:
        return self.shard.settings

    @property
    def version(self) -> ServerVersion:
        return self.settings.version

    def read(self, table: str) -> ReadDefinition:
        return self.reader.read(self.texts[table], self.version)

    def to_make(self, tables: Collection[str]) -> dict[str, ForeignDefinition | None]:
        """Those of the tables that the shard has, managed or not, for a scratch server; None for
        one whose text is in no form that may run there."""
        return {
            table: foreign_table(text, table, self.version)
            for table, text in self.texts.items()
            if table in tables
        }

    def wanted(self, tables: Collection[str]) -> dict[str, str]:
        """The desired fingerprints of those of the tables that are to exist."""
        return {
            table.name: policy_fingerprint(table, self.version, self.policy)
            for table in self.desired.tables
            if table.name in tables
        }


def request_of_part(request: ProofRequest, part: Part) -> ProofRequest:
    """All that the proof of one part may look at."""
    first, *others = (_as_proven(shard, part.tables) for shard in request.observed)
    named = replace(first, shard=request.shard.shard)
    return replace(
        request,
        observed=(named, *(other for other in dict.fromkeys(others) if other != first)),
        texts={t: text for t, text in request.texts.items() if t in part.tables},
        steps=(),
        desired=Schema(tables=tuple(t for t in request.desired.tables if t.name in part.tables)),
        engines=NO_CHOICES,
        programs=NO_PROGRAMS,
    )


def _as_proven(shard: ObservedShard, tables: Collection[str]) -> ObservedShard:
    """Of what its tables are beyond their texts, and of other databases; without its name."""
    return ObservedShard(
        shard="",
        settings=shard.settings,
        definitions=(),
        facts=tuple(
            (table, TableFacts(row_versions=facts.row_versions, row_format=facts.row_format))
            for table, facts in shard.facts
            if table in tables
        ),
        cross_database_parents=shard.cross_database_parents,
        cross_database_children=shard.cross_database_children,
    )
