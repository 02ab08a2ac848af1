"""A session to a server that answers by a script, and keeps what it was told to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from reconciler.edges.mysql.split.session import SplitSession
from reconciler.model.server import Flavor, ServerVersion
from reconciler.ports.split_servers import SplitWork, TableToMove

Rows = tuple[tuple[object, ...], ...]

ORDERS = TableToMove(number=1, name="orders", shard_by="customer")
WORK = SplitWork(job=7, identity="mine", tables=(ORDERS,))
HELPER = "_reconciler_split_7_"


class ProcessKilled(BaseException):
    """kill -9, before a statement is sent."""


@dataclass
class ScriptedLink:
    """`answers` are looked through in their order, by a part of the statement."""

    answers: list[tuple[str, Rows]]
    told: list[str] = field(default_factory=list)
    dies_before: str | None = None
    database: str = "d"
    folds_names: bool = False

    def query(self, sql: str, parameters: Sequence[object] = (), *, width: int = 0) -> Rows:
        return next((rows for part, rows in self.answers if part in sql), ())

    def row(self, sql: str, parameters: Sequence[object] = (), *, width: int) -> tuple[object, ...]:
        return self.query(sql)[0]

    def execute(self, sql: str) -> None:
        if self.dies_before is not None and self.dies_before in sql:
            raise ProcessKilled
        self.told.append(sql)

    def change(self, sql: str) -> int:
        self.execute(sql)
        return 1

    def place(self, part: str) -> int:
        return next(at for at, sql in enumerate(self.told) if part in sql)


class ScriptedSession:
    label = "shard -80"
    database = "d"
    version = ServerVersion(Flavor.MYSQL, 9, 7, 4)

    def __init__(self, *answers: tuple[str, Rows]) -> None:
        self.looks = self.rows = ScriptedLink([*answers])

    def looked(self, look: Callable[[Any], Any]) -> Any:
        return look(self.looks)

    def tried(self, what: str, statement: Callable[[], object]) -> None:
        statement()

    @property
    def as_session(self) -> SplitSession:
        return cast(SplitSession, self)
