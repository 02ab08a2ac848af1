"""By what a migration of ours is known again: its id and its context.

Rule (EN-70): both are made of the apply, the shard and the statement, and stand in the handle
before anything is sent. Vitess keeps the first statement that it was given for an id, whatever
comes later, and takes a statement for done that an older migration of the same context has done:
no two tries share an id, and no two migrations a context.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from reconciler.edges.engines.ownership import digest
from reconciler.edges.engines.vitess.limits import TRIES_MAX
from reconciler.model.engine import EngineName, Handle
from reconciler.model.topology import MIGRATION_CONTEXT
from reconciler.ports.engine import EngineWork

_HANDLE_VERSION = 1
_UUID = re.compile(r"[0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationRecord:
    """`before_sha256` is of the table's definition at the time, `tries` counts from 1."""

    uuid: str
    apply_id: int
    statement_sha256: str
    table: str
    before_sha256: str
    tries: int

    @property
    def context(self) -> str:
        return f"{MIGRATION_CONTEXT}{self.apply_id}:{self.uuid}:{self.statement_sha256}"

    def handle(self) -> Handle:
        content = {
            "apply_id": self.apply_id,
            "before_sha256": self.before_sha256,
            "helpers": [],  # named by Vitess, which takes them away as well
            "statement_sha256": self.statement_sha256,
            "table": self.table,
            "tries": self.tries,
            "uuid": self.uuid,
        }
        return Handle(
            engine=EngineName.VITESS,
            version=_HANDLE_VERSION,
            content=json.dumps(content, sort_keys=True),
        )


def new_record(work: EngineWork, *, before_sha256: str, tries: int) -> MigrationRecord:
    statement_sha256 = digest(work.statement.sql)
    named = "\0".join((str(work.apply_id), work.shard, statement_sha256, str(tries)))
    bits = hashlib.sha256(named.encode()).hexdigest()
    uuid = "_".join((bits[:8], bits[8:12], bits[12:16], bits[16:20], bits[20:32]))
    return MigrationRecord(
        uuid=uuid,
        apply_id=work.apply_id,
        statement_sha256=statement_sha256,
        table=work.statement.object_id.name,
        before_sha256=before_sha256,
        tries=tries,
    )


def record_of(handle: Handle) -> MigrationRecord | None:
    """None for a handle of another version, or one that somebody damaged."""
    if handle.version != _HANDLE_VERSION:
        return None
    match handle.fields:
        case {
            "apply_id": int(apply_id),
            "before_sha256": str(before_sha256),
            "statement_sha256": str(statement_sha256),
            "table": str(table),
            "tries": int(tries),
            "uuid": str(uuid),
        } if _UUID.fullmatch(uuid) and 0 < tries <= TRIES_MAX:
            return MigrationRecord(
                uuid=uuid,
                apply_id=apply_id,
                statement_sha256=statement_sha256,
                table=table,
                before_sha256=before_sha256,
                tries=tries,
            )
        case _:
            return None
