"""A fleet to show reports with: four shards of `commerce`, one that diverged, one that matches."""

from __future__ import annotations

import hashlib

from reconciler.ddl.read import read_table
from reconciler.diff.model import Operation
from reconciler.diff.schema_diff import diff_schemas
from reconciler.diff.statement import alter_sql, step_sql
from reconciler.errors import Location, Problem
from reconciler.guard.model import Refusal
from reconciler.lint.model import Edit, Remark, Severity
from reconciler.model.fleet import even_shards
from reconciler.model.object_id import table_id
from reconciler.model.observation import Unreachable
from reconciler.model.policy import Allow, Hazard, HazardKind, Policy
from reconciler.model.quarantine import Quarantine
from reconciler.model.schema import Schema
from reconciler.model.server import Flavor, ServerVersion
from reconciler.plan.codec import dump_plan, load_plan, plan_from_core
from reconciler.plan.commitment import with_words
from reconciler.plan.estimate import Estimate, estimate_time
from reconciler.plan.model import (
    Algorithm,
    ChangeSet,
    Effect,
    ExecutionClass,
    InputDigest,
    Lock,
    ObjectBefore,
    Plan,
    PlanCore,
    PlanMeta,
    PlannedStatement,
    RowCount,
    RuleVersions,
)
from reconciler.plan.readable import render_readable_sql
from reconciler.spec.model import RolloutSpec

INSTANT = ExecutionClass(algorithm=Algorithm.INSTANT)
INPLACE = ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.NONE)
REBUILD = ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.NONE, rebuilds=True)
COPY = ExecutionClass(algorithm=Algorithm.COPY, lock=Lock.SHARED, rebuilds=True)
NO_CLASS = ExecutionClass()

SHARDS = ("-40", "40-80", "80-c0", "c0-")

DROP_LEGACY = Hazard(
    kind=HazardKind.DROP_COLUMN,
    object="legacy",
    reason="the values of the column are lost on every shard",
    needs_permission=True,
)
NARROW_NOTE = Hazard(
    kind=HazardKind.NARROW_TYPE,
    object="note",
    reason="varchar(500) becomes varchar(200): longer values do not fit, and the statement fails",
    needs_permission=True,
)
BLOCKS = Hazard(
    kind=HazardKind.BLOCKS_WRITES,
    object="orders",
    reason="writes wait while about 61,000 rows are copied",
    needs_permission=False,
)
ALLOW_LEGACY = Allow(
    object_id=table_id("users"),
    hazard=HazardKind.DROP_COLUMN,
    object="legacy",
    reason="unused since March",
)
ALLOW_NOTE = Allow(
    object_id=table_id("orders"),
    hazard=HazardKind.NARROW_TYPE,
    object="note",
    reason="longest value is 140 characters",
)

SERVER = ServerVersion(Flavor.MYSQL, 9, 7, 4)

USERS = """CREATE TABLE `users` (
  `id` bigint unsigned NOT NULL,
  `name` varchar(80) NOT NULL,
  `legacy` int DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"""
USERS_WITH_EMAIL = USERS.replace(
    "  `legacy` int DEFAULT NULL,\n", "  `email` varchar(255) DEFAULT NULL,\n"
)
USERS_WITH_INDEX = USERS_WITH_EMAIL.replace(
    "PRIMARY KEY (`id`)", "PRIMARY KEY (`id`),\n  KEY `idx_email` (`email`)"
)
USERS_BY_HAND = USERS.replace("PRIMARY KEY (`id`)", "PRIMARY KEY (`id`),\n  KEY `by_hand` (`name`)")
ORDERS = """CREATE TABLE `orders` (
  `id` bigint unsigned NOT NULL,
  `note` varchar(500) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"""
ORDERS_SHORTER = ORDERS.replace("varchar(500)", "varchar(200)")
COUPONS = """CREATE TABLE `coupons` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `code` varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `percent` tinyint unsigned NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_code` (`code`),
  CONSTRAINT `percent_range` CHECK ((`percent` <= 100))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"""


def written(before: str | None, after: str | None, execution: ExecutionClass = NO_CLASS) -> str:
    """The statement from one definition to the other, as a plan writes it in that class."""
    ends = (Schema(tables=(read_table(text, SERVER),) if text else ()) for text in (before, after))
    found = diff_schemas(*ends, policy=Policy(), renames=(), version=SERVER)
    (step,) = found.steps
    if step.operation is not Operation.ALTER_TABLE:
        return step_sql(step)
    return alter_sql(step.table, step.clauses, algorithm=execution.algorithm, lock=execution.lock)


def digest(of: str) -> str:
    return "sha256:" + hashlib.sha256(of.encode()).hexdigest()


def statement(
    table: str,
    sql: str,
    execution: ExecutionClass,
    *hazards: Hazard,
    operation: Operation = Operation.ALTER_TABLE,
    row_ceiling: int | None = None,
) -> PlannedStatement:
    before = None if operation is Operation.CREATE_TABLE else digest(f"{table} before {sql}")
    after = None if operation is Operation.DROP_TABLE else digest(f"{table} after {sql}")
    return PlannedStatement(
        object_id=table_id(table),
        operation=operation,
        sql=sql,
        execution=execution,
        effects=(Effect(object_id=table_id(table), before=before, after=after),),
        hazards=hazards,
        row_ceiling=row_ceiling,
    )


ADD_EMAIL = statement(
    "users",
    written(USERS, USERS_WITH_EMAIL, INSTANT),
    INSTANT,
    DROP_LEGACY,
)
ADD_INDEX = statement(
    "users",
    written(USERS_WITH_EMAIL, USERS_WITH_INDEX, INPLACE),
    INPLACE,
)
SHORTEN_NOTE = statement(
    "orders",
    written(ORDERS, ORDERS_SHORTER, COPY),
    COPY,
    NARROW_NOTE,
    BLOCKS,
    row_ceiling=100_000,
)
NEW_TABLE = statement("coupons", written(None, COUPONS), NO_CLASS, operation=Operation.CREATE_TABLE)


def estimate(made: Plan | None) -> Estimate | None:
    """As if each shard had a small and a large table, and waves soaked for ten minutes."""
    if made is None:
        return None
    sizes = {shard: {"users": 4_000_000, "orders": 900_000_000} for shard in made.core.shards}
    return estimate_time(made.core, sizes, RolloutSpec(soak_s=600))


def change_set(shards: tuple[str, ...], *statements: PlannedStatement) -> ChangeSet:
    return ChangeSet(
        before=digest(f"schema before {statements[0].sql} {len(statements)}"),
        after=digest("schema after"),
        touched=tuple(
            ObjectBefore(object_id=table, definition=None)
            for table in sorted({statement.object_id for statement in statements})
        ),
        statements=statements,
        shards=shards,
    )


def plan(
    *change_sets: ChangeSet,
    shards: tuple[str, ...] = SHARDS,
    waves: tuple[tuple[str, ...], ...] | None = None,
    allow: tuple[Allow, ...] = (ALLOW_LEGACY, ALLOW_NOTE),
    notes: tuple[str, ...] = (),
    quarantine: tuple[Quarantine, ...] = (),
) -> Plan:
    changing = {shard for change_set in change_sets for shard in change_set.shards}
    core = PlanCore(
        environment="production",
        keyspace="commerce",
        server="mysql 9.7",
        rules=RuleVersions(normalizer=1, renderer=1, hazards=1),
        inputs=tuple(
            InputDigest(path=path, sha256=digest(path))
            for path in (
                "schemas/commerce/coupons.sql",
                "schemas/commerce/orders.sql",
                "schemas/commerce/users.sql",
                "specs/commerce.yaml",
            )
        ),
        policy=Policy(ignore_tables=("_*",), allow=allow),
        shards=shards,
        waves=waves or (shards[:1], shards[1:]),
        managed=tuple(map(table_id, ("coupons", "orders", "users"))),
        change_sets=change_sets,
        matching=tuple(shard for shard in shards if shard not in changing),
        after=digest("schema after"),
        quarantine=quarantine,
    )
    core = with_words(core, render_readable_sql(core))
    meta = PlanMeta(
        created_at="2026-03-01T14:05:09Z",
        tool_version="0.1.0",
        rows=(("orders", 61_204), ("users", 24_010)),
        notes=notes,
        counts=tuple(
            RowCount(
                change_set=number,
                table=table,
                largest=largest,
                total=largest + (len(of.shards) - 1) * rest,
            )
            for number, of in enumerate(change_sets, start=1)
            for table, largest, rest in (("orders", 20_011, 13_731), ("users", 9_010, 5_000))
        ),
    )
    return plan_from_core(core, meta)


UNIFORM = plan(change_set(SHARDS, NEW_TABLE, ADD_EMAIL, ADD_INDEX))
STORED = load_plan(dump_plan(UNIFORM), "plans/production/commerce.plan.json")
DIVERGENT = plan(
    change_set(SHARDS[:2], ADD_EMAIL, ADD_INDEX, SHORTEN_NOTE),
    change_set(SHARDS[2:3], ADD_EMAIL, SHORTEN_NOTE),
    notes=("table orders: the columns stand in another order on shard 80-c0",),
)
NOTHING = plan()
QUARANTINE = (Quarantine(shard="c0-", until="2026-03-31", reason="its disk is failing, DBA-1207"),)
WITHOUT_A_SHARD = plan(change_set(SHARDS[:3], ADD_EMAIL), shards=SHARDS[:3], quarantine=QUARANTINE)
NOT_ALLOWED = plan(change_set(SHARDS, ADD_EMAIL, SHORTEN_NOTE), allow=(ALLOW_NOTE,))

WIDE_SHARDS = even_shards(32)
WIDE = plan(
    change_set(WIDE_SHARDS[:12], ADD_EMAIL),
    change_set(WIDE_SHARDS[12:20], ADD_EMAIL, ADD_INDEX),
    change_set(WIDE_SHARDS[20:29], ADD_INDEX),
    shards=WIDE_SHARDS,
    waves=(WIDE_SHARDS[:1], WIDE_SHARDS[1:8], WIDE_SHARDS[8:]),
)

PLAN_AGAIN = "run `reconciler plan --write` again, have the new plan reviewed, then apply it"

DRIFTED_MEANWHILE = Refusal(
    code="drift",
    shard="-40",
    object_id=table_id("users"),
    message="shard -40, table users: somebody changed it while this apply ran; the shard is not"
    " where the plan ends",
    recovery="undo the change on the shard, or adopt it with `reconciler pull`; `reconciler drift`"
    " shows what is left to do",
    expected="CREATE TABLE `users` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n)",
    observed="CREATE TABLE `users` (\n  `id` bigint NOT NULL,\n  `tmp` int,\n"
    "  PRIMARY KEY (`id`)\n)",
)
TABLE_DRIFTED = Refusal(
    code="table-drifted",
    shard="40-80",
    object_id=table_id("users"),
    message="shard 40-80, table users: live is neither what the plan starts from nor what it"
    " ends at",
    recovery=PLAN_AGAIN,
    expected="CREATE TABLE `users` (\n  `id` bigint unsigned NOT NULL,\n  `name` varchar(80)"
    " NOT NULL,\n  PRIMARY KEY (`id`)\n)",
    observed="CREATE TABLE `users` (\n  `id` bigint unsigned NOT NULL,\n  `name` varchar(80)"
    " NOT NULL,\n  PRIMARY KEY (`id`),\n  KEY `by_hand` (`name`)\n)",
)
SUPERSEDED = Refusal(
    code="superseded",
    message=f"plan {UNIFORM.plan_id} was superseded: the protected branch has moved on to"
    f" {DIVERGENT.plan_id}",
    recovery="nothing needs to be done here; the newer merge has its own apply",
    expected=UNIFORM.plan_id,
    observed=DIVERGENT.plan_id,
)
INPUT_CHANGED = Refusal(
    code="input-changed",
    message="schemas/commerce/users.sql changed since the plan was made",
    recovery=PLAN_AGAIN,
    expected=digest("users.sql reviewed"),
    observed=digest("users.sql now"),
)
PERMISSION_MISSING = Refusal(
    code="permission-missing",
    object_id=table_id("users"),
    object="legacy",
    message="table users: drop-column of legacy needs permission: the values of the column are"
    " lost on every shard",
    recovery="if it is meant, add `- {table: users, hazard: drop-column, object: legacy, reason:"
    " ...}` to policy.allow in specs/commerce.yaml, with its true reason",
)
CHANGES_REQUESTED = Refusal(
    code="changes-requested",
    message="pull request #7 was merged although ben requested changes",
    recovery="have ben approve it, or dismiss that review if it is settled; then run this job"
    " again",
)
LOST = Unreachable(
    shard="c0-",
    code="shard-unreachable",
    reason="no answer within 10 s",
    recovery="restore access to shard c0-, then run the same command again",
)
LOST_REFUSAL = Refusal(
    code="shard-unreachable",
    shard="c0-",
    message="shard c0- could not be observed: no answer within 10 s",
    recovery=LOST.recovery,
)

DUPLICATES = Problem(
    code="statement-failed",
    message="table users: Duplicate entry <value> for key 'users.uq_email' (1062)",
    recovery="fix the cause, then `reconciler apply` the same plan: it runs what is left",
)
LOCK_WAIT = Problem(
    code="lock-wait-timeout",
    message="table users: the statement waited for a lock that another session holds, 5 s for that"
    " of table users, and gave up (1205); in the way: connection 4711 of reports for 912 s",
    recovery="end the session that holds the lock, then `reconciler resume commerce`",
)
CONNECTION_LOST = Problem(
    code="outcome-unknown",
    message="table users: the connection ended while the statement ran",
    recovery="`reconciler resume commerce` looks at the shard first",
)
BAD_KEY = Problem(
    code="spec-unknown-key",
    message="unknown key 'ignore_table'; did you mean 'ignore_tables'?",
    recovery="correct the key",
    where=Location(path="specs/commerce.yaml", line=14, column=3),
)
TWO_STATEMENTS = Problem(
    code="file-two-statements",
    message="the file holds a second statement",
    recovery="keep one CREATE TABLE in each file",
    where=Location(path="schemas/commerce/orders.sql", line=12, column=1),
)
REMARKS = (
    Remark(
        rule="primary-key",
        severity=Severity.ERROR,
        table="carts",
        object=None,
        message="has no primary key",
        path="schemas/commerce/carts.sql",
        line=1,
        column=1,
        new=True,
    ),
    Remark(
        rule="duplicate-index",
        severity=Severity.WARNING,
        table="orders",
        object="shop",
        message="is the beginning of index shop_state",
        path="schemas/commerce/orders.sql",
        line=7,
        column=3,
        edits=(Edit(start=120, end=132),),
    ),
)
FORGE_DENIED = Problem(
    code="forge-denied",
    message="GitHub answered POST /repos/acme/shop/issues/12/comments with HTTP 403: the token may"
    " not see it, or it is not there",
    recovery="give the job's token the permissions that docs/github.md lists",
)
SERVER_DIED = Problem(
    code="server-died",
    message="the scratch server ended while it should start; its last words:\n"
    "[ERROR] InnoDB: Cannot allocate memory for the buffer pool\n[ERROR] Aborting",
    recovery="fix what the server complains about (memory, disk space), then run again",
)
