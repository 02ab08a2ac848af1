"""Runs whose plan changes programs among its tables: a view, a procedure that goes and comes where
no statement replaces it, a trigger that is swapped under its lock, and an event.

Whatever happens, each is at its after-state at the end, and no shard is ever at no state of the
plan.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.ddl.statement.check import StatementKind
from reconciler.ddl.statement.reach import reach_of
from reconciler.diff.model import Operation
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.drive.shard.basis import WantedObject
from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.policy import Policy
from reconciler.model.programs import ManagedKind
from reconciler.model.server import Flavor
from reconciler.observe.shards import DefinitionReader
from reconciler.plan.model import Effect, ExecutionClass, ObjectBefore, Plan, PlannedStatement
from reconciler.prove.placed import session_of
from tests.integration.chaos.fleet import SHARDS, ChaosFleet, Scene, database_of
from tests.integration.chaos.server import USER, CrashableServer

_ACCOUNT = f"`{USER}`@`%`"
_KINDS = (
    ManagedKind.TABLES,
    ManagedKind.VIEWS,
    ManagedKind.ROUTINES,
    ManagedKind.TRIGGERS,
    ManagedKind.EVENTS,
)
_POLICY = Policy(
    manage=_KINDS, definers=tuple((kind, f"{USER}@%") for kind in _KINDS if kind != "tables")
)
_TABLE = "CREATE TABLE `users` (`id` int NOT NULL, `name` varchar(20), PRIMARY KEY (`id`))"
_TRIGGER = f"CREATE DEFINER={_ACCOUNT} TRIGGER `x` BEFORE INSERT ON `users` FOR EACH ROW "
_PROCEDURE = "PROCEDURE `p`()\n    SQL SECURITY INVOKER\n"
_VIEW = "ALGORITHM=UNDEFINED SQL SECURITY INVOKER VIEW `v` AS "
_EVENT = f"DEFINER={_ACCOUNT} EVENT `e`"
_LIVE = (
    f"CREATE {_VIEW}select `users`.`id` AS `id` from `users`",
    f"CREATE {_PROCEDURE}SELECT 1",
    f"{_TRIGGER}SET NEW.name = TRIM(NEW.name)",
    f"CREATE {_EVENT} ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
)
_AFTER_TRIGGER = f"{_TRIGGER}SET NEW.name = UPPER(NEW.name)"
_SWAP = f"LOCK TABLES `users` WRITE;\nDROP TRIGGER IF EXISTS `x`;\n{_AFTER_TRIGGER};\nUNLOCK TABLES"
_VIEWS = f"CREATE OR REPLACE {_VIEW}select `users`.`name` AS `id` from `users`"
_EVENTS = f"ALTER {_EVENT} ON COMPLETION NOT PRESERVE DISABLE COMMENT 'x' DO SELECT 2"
_AGE = "ALTER TABLE `users` ADD COLUMN `age` int, ALGORITHM=INSTANT"
_SENT = {
    Flavor.MYSQL: (
        _EVENTS,
        "DROP PROCEDURE `p`",
        f"CREATE {_PROCEDURE}SELECT 2",
        _SWAP,
        _AGE,
        _VIEWS,
    ),
    Flavor.MARIADB: (
        _EVENTS,
        f"CREATE OR REPLACE {_PROCEDURE}SELECT 2",
        _AFTER_TRIGGER.replace("CREATE ", "CREATE OR REPLACE ", 1),
        _AGE,
        _VIEWS,
    ),
}
_OPERATIONS = {
    StatementKind.ALTER_EVENT: Operation.ALTER_EVENT,
    StatementKind.CREATE_ROUTINE: Operation.CREATE_ROUTINE,
    StatementKind.DROP_ROUTINE: Operation.DROP_ROUTINE,
    StatementKind.CREATE_TRIGGER: Operation.REPLACE_TRIGGER,
    StatementKind.CREATE_VIEW: Operation.REPLACE_VIEW,
    StatementKind.ALTER_TABLE: Operation.ALTER_TABLE,
}


class ProgramFleet(ChaosFleet):
    program_kinds = _POLICY.program_kinds

    def __init__(self, server: CrashableServer) -> None:
        sent = tuple(
            ("users", sql, EngineName.DIRECT) for sql in _SENT[server.binary.version.flavor]
        )
        self._reader = DefinitionReader(_POLICY)
        super().__init__(server, Scene(tables={"users": _TABLE}, statements=sent))

    def reset(self) -> None:
        super().reset()
        for shard in SHARDS:
            with self.server.connect(database_of(shard)) as connection:
                cursor = connection.cursor()
                for sql in _LIVE:
                    cursor.execute(sql)
        self.server.forget_log()

    def fingerprint_of(self, about: ObjectId, definition: str) -> str:
        return self._reader.read_object(about, definition, self.server.binary.version)

    def live(self, shard: str) -> dict[str, str]:
        return {
            about.name: self.fingerprint_of(about, t) for about, t in self._texts(shard).items()
        }

    def wanted(self) -> Counter[tuple[str, str]]:
        """What the log tells as it was sent, of the table alone."""
        return Counter((database_of(shard), _AGE) for shard in SHARDS)

    def _texts(self, shard: str) -> dict[ObjectId, str]:
        spec = self.spec_of(shard)
        with MysqlShardSessions(environ={}, root=Path()).open(spec) as session:
            return dict(session.definitions(programs=self.program_kinds))

    def _session_of(self, about: ObjectId, text: str | None) -> StatementSession:
        """As what was made by it was made here."""
        if text is None or about.kind is ObjectKind.TABLE:
            return DEFAULT_SESSION
        return session_of(self._reader.read_program(about, text).value)

    def _planned(self) -> Plan:
        """Each statement is run once on the first shard, to learn what it does."""
        shard = SHARDS[0]
        texts = self._texts(shard)
        start = {about: self.fingerprint_of(about, text) for about, text in texts.items()}
        state: dict[ObjectId, str | None] = {**start}
        statements = []
        with self.server.connect(database_of(shard)) as connection:
            cursor = connection.cursor()
            for _, sql, _ in self.scene.statements:
                for part in sql.split(";\n"):
                    cursor.execute(part)
                reach = reach_of(sql)
                about = reach.program or table_id(reach.table)
                text = self._texts(shard).get(about)
                after = self.fingerprint_of(about, text) if text is not None else None
                half = Effect(object_id=about, before=state[about], after=None)
                statements.append(
                    PlannedStatement(
                        object_id=about,
                        operation=_OPERATIONS[reach.kind],
                        sql=sql,
                        execution=ExecutionClass(),
                        effects=(Effect(object_id=about, before=state[about], after=after),),
                        passes=(half,) if reach.locks else (),
                        session=self._session_of(about, text),
                    )
                )
                state[about] = after
        end = self._texts(shard)
        found = {about: self.fingerprint_of(about, text) for about, text in end.items()}
        self._after = {
            about: WantedObject(fingerprint=found[about], text=text) for about, text in end.items()
        }
        self.reset()
        before = [
            ObjectBefore(object_id=about, definition=text) for about, text in sorted(texts.items())
        ]
        return self.plan_of(
            statements,
            before=before,
            start=schema_fingerprint(start),
            after=schema_fingerprint(found),
            managed=tuple(sorted(start)),
            policy=_POLICY,
        )
