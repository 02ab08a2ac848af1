"""What names an operation everywhere: keyspace/shard/object, nothing more or less (DS-4, ST-12)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.errors import InvalidInput, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.fleet import is_keyspace_name, is_shard_name
from reconciler.model.object_id import ObjectId


@dataclass(frozen=True, slots=True, order=True)
class OperationKey:
    keyspace: str
    shard: str
    object_id: ObjectId

    def __str__(self) -> str:
        # A table name may hold a slash; the written key then has %2F, so that it has two slashes.
        return f"{self.keyspace}/{self.shard}/{_escaped(str(self.object_id))}"


def operation_key(keyspace: str, shard: str, object_id: ObjectId) -> OperationKey:
    """Trims, then checks: what is stored and used as a key is the trimmed name (PL-9, DS-1)."""
    keyspace, shard, name = keyspace.strip(), shard.strip(), object_id.name.strip()
    is_named = is_keyspace_name(keyspace) and is_shard_name(shard)
    if not is_named or not 0 < len(name) <= IDENTIFIER_CHARS_MAX:
        raise _not_shard_work(f"{keyspace}/{shard}/{name}")
    return OperationKey(keyspace, shard, replace(object_id, name=name))


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2F")


def _not_shard_work(text: str) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="operation-key",
            message=f"{text!r} is not the key of an operation",
            recovery="name one keyspace, one shard and one object: keyspace/shard/table",
        )
    )
