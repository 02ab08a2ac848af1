"""What names an operation everywhere: keyspace/shard/table, nothing more or less (DS-4, ST-12)."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import InvalidInput, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.fleet import is_keyspace_name, is_shard_name


@dataclass(frozen=True, slots=True, order=True)
class OperationKey:
    keyspace: str
    shard: str
    table: str

    def __str__(self) -> str:
        # A table name may hold a slash; the written key then has %2F, so that it has two slashes.
        return f"{self.keyspace}/{self.shard}/{_escaped(self.table)}"


def operation_key(keyspace: str, shard: str, table: str) -> OperationKey:
    """Trims, then checks: what is stored and used as a key is the trimmed name (PL-9, DS-1)."""
    keyspace, shard, table = keyspace.strip(), shard.strip(), table.strip()
    if not is_keyspace_name(keyspace) or not is_shard_name(shard):
        raise _not_shard_work(f"{keyspace}/{shard}/{table}")
    if not 0 < len(table) <= IDENTIFIER_CHARS_MAX:
        raise _not_shard_work(f"{keyspace}/{shard}/{table}")
    return OperationKey(keyspace, shard, table)


def parse_operation_key(text: str) -> OperationKey:
    parts = text.split("/")
    if len(parts) != 3:
        raise _not_shard_work(text)
    keyspace, shard, table = parts
    return operation_key(keyspace, shard, _unescaped(table))


def _escaped(table: str) -> str:
    return table.replace("%", "%25").replace("/", "%2F")


def _unescaped(text: str) -> str:
    return text.replace("%2F", "/").replace("%25", "%")


def _not_shard_work(text: str) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="operation-key",
            message=f"{text!r} is not the key of an operation",
            recovery="name one keyspace, one shard and one table: keyspace/shard/table",
        )
    )
