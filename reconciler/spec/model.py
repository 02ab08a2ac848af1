"""A spec as a value: what one keyspace should be, where its shards are, how to roll out.

Texts in `Connection` may still hold `${VARIABLE}` and `{shard}`; the edges expand them when they
connect, so that no secret is ever in a value that could be printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.limits import REVERT_WINDOW_S_MAX
from reconciler.lint.settings import LintSettings
from reconciler.model.engine import EngineName
from reconciler.model.key_function import KeyFunctionName
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import Policy
from reconciler.model.quarantine import Quarantine
from reconciler.spec.limits import DRIFT_EVERY_S
from reconciler.spec.preflight import PreflightSpec, ReplicaAddress
from reconciler.spec.promotion import PromotionCheck
from reconciler.spec.scratch_image import StartedScratch


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Paths of PEM files, of the repository or absolute; name and chain are verified. `insecure`:
    neither is, as the spec says in so many words."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach one database; every text may hold ${VARIABLE}, host and database {shard} too."""

    host: str = "127.0.0.1"
    port: str = "3306"
    socket: str | None = None
    database: str | None = None
    user: str = ""
    password: str = ""
    tls: Tls | None = None  # None: verified, unless the server is on this machine
    connect_timeout_s: int = 10
    read_timeout_s: int = 60  # one answer while observing; DDL has run_limit_s
    replica: ReplicaAddress | None = None  # whose rows are asked where `preflight` says so

    def __repr__(self) -> str:  # never shows a secret, not even a traceback does (PL-12)
        return "Connection(...)"


class KeyspaceKind(StrEnum):
    """Who knows the shards of a keyspace, and by what they are reached."""

    MYSQL = "mysql"  # the spec lists them, each with a connection of its own
    VITESS = "vitess"  # Vitess' topology lists them; all of them are reached through vtgate
    PLANETSCALE = "planetscale"  # PlanetScale has them, and is asked to deploy


@dataclass(frozen=True, slots=True, kw_only=True)
class Vtctld:
    """The gRPC address of vtctld, `host:port`; every text may hold ${VARIABLE}."""

    address: str
    user: str = ""  # of Vitess' static authentication; '': none is asked for
    password: str = ""
    tls: Tls | None = None  # None: verified, unless vtctld is on this machine

    def __repr__(self) -> str:  # PL-12
        return "Vtctld(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class VitessCluster:
    """How to reach a keyspace of Vitess: `vtgate` is a connection without a database. `cells` are
    those that must be there; `shards` those that shall serve, sorted, () where the spec leaves them
    to the topology."""

    vtgate: Connection
    vtctld: Vtctld
    keyspace: str
    cells: tuple[str, ...] = ()
    shards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanetScaleDatabase:
    """A keyspace of a database at PlanetScale; `branch` is production's, `mysql` the version of the
    MySQL behind it. `token_id` and `token` may hold ${VARIABLE}. `revert_window_s` is for how long
    a deploy can be reverted before the way back is given up; 0: not at all."""

    organization: str
    database: str
    keyspace: str
    mysql: str
    branch: str = "main"
    token_id: str = ""
    token: str = ""
    revert_window_s: int = REVERT_WINDOW_S_MAX

    def __repr__(self) -> str:  # PL-12
        return f"PlanetScaleDatabase({self.organization}/{self.database})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardSpec:
    """A shard with its own connection: the environment's, with the shard's overrides laid over.
    `definers` are the accounts whose rights programs may have there, `programs` the kinds of
    programs that are managed."""

    name: str
    connection: Connection
    definers: tuple[str, ...] = ()
    programs: tuple[ObjectKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiringShard:
    """A shard that others replace. `place` is what the routes call the server that it leaves."""

    name: str
    connection: Connection
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedShard:
    """A shard that nothing reaches for a while, and the region that it is of."""

    quarantine: Quarantine
    connection: Connection
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Shards that one machine may have to itself: its logins and its ledger reach these alone."""

    name: str
    shards: tuple[str, ...]


class TableUse(StrEnum):
    """What becomes of a table's rows where shards are replaced by others."""

    SHARDED = "sharded"  # each goes to the shard that has its key
    REFERENCE = "reference"  # all of them go to every shard
    EXCLUDED = "excluded"  # they stay behind, with the shard that retires


@dataclass(frozen=True, slots=True, kw_only=True)
class TableClass:
    """`shard_by` is the column whose value the key function takes, of a sharded table alone."""

    table: str
    use: TableUse
    shard_by: str | None = None


class ReshardLayout(StrEnum):
    RETIRE_SOURCE = "retire-source"  # every target is new and empty, the source is renamed away


class ReshardApproval(StrEnum):
    """What a person approves once more, apart from the plan."""

    CUTOVER = "cutover"
    CLEANUP = "cleanup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """From where on a shard is too large, or too busy; None: it may be as much as it is."""

    size_bytes: int | None = None
    rows: int | None = None
    statements_per_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshardSpec:
    """How shards are replaced by others. `fence_budget_s` bounds for how long writes are refused,
    `grace_s` is waited between the cutover and anything that takes the source away, `retain_s` is
    for how long its tables are kept under other names. `ceilings`: beyond which a split is
    proposed."""

    fence_budget_s: int = 20
    grace_s: int = 30
    retain_s: int = 7 * 86_400
    rows_per_chunk: int = 1_000
    approval: tuple[ReshardApproval, ...] = (ReshardApproval.CUTOVER, ReshardApproval.CLEANUP)
    layout: ReshardLayout = ReshardLayout.RETIRE_SOURCE
    ceilings: Ceilings = Ceilings()


class OnFailure(StrEnum):
    HALT = "halt"
    CONTINUE = "continue"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveShare:
    """A wave after the canaries: a percentage of all shards reached by its end, or named shards."""

    percent: int | None = None
    shards: tuple[str, ...] = ()


class Together(StrEnum):
    """Whose copies are swapped in together."""

    WAVE = "wave"


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoverSpec:
    """When copies that engines have made are swapped in: where nothing is said, each as soon as it
    is complete. `limit_s` is for how long a complete copy is kept up to date."""

    gate: bool = False  # True: a person releases the copies of each wave
    windows: tuple[str, ...] = ()
    together: Together | None = None
    limit_s: int = 48 * 3_600

    @property
    def is_on_purpose(self) -> bool:
        return self.gate or bool(self.windows) or self.together is not None

    @property
    def is_of_wave(self) -> bool:
        """Nothing is swapped in before every copy of the wave is complete."""
        return self.gate or self.together is not None


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """An account of the forge. Its login is for readers: it can be given up, and taken by somebody
    else; the id is who it is."""

    login: str
    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSpec:
    """`parallel` bounds shards in flight; `parallel_per_host` those on one server host."""

    canary: tuple[str, ...] = ()
    waves: tuple[WaveShare, ...] = (WaveShare(percent=100),)
    parallel: int = 4
    parallel_per_host: int | None = None
    soak_s: int = 0
    gate: bool = False  # True: a person releases each wave after the first
    gate_by: tuple[NamedPerson, ...] = ()  # one of these, and nobody else; (): whoever may release
    promote_if: tuple[PromotionCheck, ...] = ()  # in the file's order
    on_failure: OnFailure = OnFailure.HALT
    lock_wait_s: int = 5
    lock_retries: int = 5
    run_limit_s: int = 86_400
    replica_lag_max_s: int | None = None
    threads_running_max: int | None = None
    disk_free_min_percent: int | None = None
    windows: tuple[str, ...] = ()
    cutover: CutoverSpec = CutoverSpec()
    kill_blockers_after_s: int | None = None

    @property
    def cutover_windows(self) -> tuple[str, ...]:
        """When a copy may be swapped in; those of the cutover come instead of the others."""
        return self.cutover.windows or self.windows


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRule:
    """For tables of `over_bytes` or more, data and indexes, on the fullest shard: the first engine
    of `use` that can take the statement."""

    use: tuple[EngineName, ...]
    over_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRules:
    """Which engine for statements that write every row again (`rebuild`), or read every row for an
    index (`index`); what `tables` says of a name or pattern goes before, in the file's order. What
    moves metadata alone is the server's in any case. `keep_old_s`: for how long the table as it was
    stays beside its copy."""

    default: tuple[EngineName, ...] = (EngineName.DIRECT,)
    rebuild: EngineRule | None = None
    index: EngineRule | None = None
    tables: tuple[tuple[str, tuple[EngineName, ...]], ...] = ()
    keep_old_s: int = 0

    @property
    def named(self) -> frozenset[EngineName]:
        """Every engine that a statement may be given to."""
        rules = [rule.use for rule in (self.rebuild, self.index) if rule is not None]
        tables = [names for _, names in self.tables]
        return frozenset(name for names in (self.default, *rules, *tables) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRule:
    """What a plan's review must have; the stricter of two rules is what holds."""

    approvals: int = 1
    code_owners: bool = False

    def stricter(self, other: ReviewRule) -> ReviewRule:
        return ReviewRule(
            approvals=max(self.approvals, other.approvals),
            code_owners=self.code_owners or other.code_owners,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """`scratch` None means auto: a server at hand. `after` are those in which the same files must
    have been applied before; a deployment is of `deployment_of`, behind the `earlier` ones (RG-75).
    With `vitess` there are no `shards` until Vitess was asked (VT-10). Those `retiring` only a move
    reaches (SP-4), those `quarantined` nothing (RG-60). A `region` has its own `shards` (RG-2)."""

    name: str
    shards: tuple[ShardSpec, ...] = ()
    regions: tuple[Region, ...] = ()  # by name; every shard is in one, or there is none
    region: str | None = None
    retiring: tuple[RetiringShard, ...] = ()
    quarantined: tuple[QuarantinedShard, ...] = ()  # in key order
    reshard: ReshardSpec = ReshardSpec()
    vitess: VitessCluster | None = None
    planetscale: PlanetScaleDatabase | None = None
    scratch: Connection | StartedScratch | None = None
    rollout: RolloutSpec = RolloutSpec()
    review: ReviewRule = ReviewRule()
    after: tuple[str, ...] = ()
    deployment_of: str | None = None
    earlier: tuple[str, ...] = ()
    drift_every_s: int = DRIFT_EVERY_S  # of `reconciler run`, which looks by itself
    engine: EngineRules = EngineRules()
    preflight: PreflightSpec | None = None  # None: no row is asked
    # An SQLAlchemy URL, may hold ${VARIABLE}; None: the local file. Never shown (PL-12).
    ledger: str | None = field(default=None, repr=False)
    ledger_keep_s: int | None = None  # of ended applies; None: for good

    @property
    def shard_names(self) -> tuple[str, ...]:
        """Of the whole fleet, those of other regions too."""
        if self.regions:
            return tuple(shard for region in self.regions for shard in region.shards)
        return tuple(shard.name for shard in self.shards)

    @property
    def region_names(self) -> tuple[str, ...]:
        """Also those of which every shard is in quarantine: something may have begun there."""
        resting = (found.region for found in self.quarantined if found.region is not None)
        return tuple(sorted({*(region.name for region in self.regions), *resting}))

    @property
    def quarantine(self) -> tuple[Quarantine, ...]:
        return tuple(found.quarantine for found in self.quarantined)

    @property
    def serving_names(self) -> tuple[str, ...]:
        """Of the whole fleet, with the shards in quarantine: those have their rows all the same."""
        return (*self.shard_names, *(found.shard for found in self.quarantine))

    @property
    def comes_after(self) -> tuple[str, ...]:  # must be as git says before
        return (*self.after, *self.earlier)

    @property
    def kind(self) -> KeyspaceKind:
        if self.planetscale is not None:
            return KeyspaceKind.PLANETSCALE
        return KeyspaceKind.MYSQL if self.vitess is None else KeyspaceKind.VITESS


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFile:
    """One specs/<keyspace>.yaml."""

    path: str
    keyspace: str
    schema_dir: str
    environments: tuple[Environment, ...]
    kind: KeyspaceKind = KeyspaceKind.MYSQL
    after: tuple[str, ...] = ()  # keyspaces that are changed before, in the file's order
    policy: Policy = field(default_factory=Policy)
    key_function: KeyFunctionName | None = None  # None: the spec says nothing of rows' places
    tables: tuple[TableClass, ...] = ()  # by name, sorted
    sharding_key: str | None = None  # where `tables` says nothing: of every table that has it
    lint: LintSettings = field(default_factory=LintSettings)

    def environment(self, name: str) -> Environment | None:
        return next((env for env in self.environments if env.name == name), None)
