"""What a JSON Schema cannot say about connections: placeholders, shards that share a database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Problem
from reconciler.spec.addresses import Address, address_of
from reconciler.spec.model import Connection
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.yaml_text import Document

_PLACEHOLDER = re.compile(r"(?<!\$)\{([A-Za-z_ ]{0,32})\}")
_WITH_SHARD = ("host", "socket", "database")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A shard of one of an environment's lists, whose key is `listed`."""

    listed: str
    shard: str
    connection: Connection

    def __str__(self) -> str:
        return f"{self.shard!r} (retiring)" if self.listed == "retiring" else repr(self.shard)


def check_connection(document: Document, at: Path, value: dict[str, Any]) -> Iterator[Problem]:
    if "host" in value and "socket" in value:
        yield _problem(
            document,
            (*at, "socket"),
            "spec-bad-value",
            f"{dotted(at)} has both a host and a socket",
            "keep the one that is meant",
        )
    for key in sorted(value.keys() & set(_WITH_SHARD)):
        for name in _PLACEHOLDER.findall(value[key]):
            of_no_shard = at[-1] in ("scratch", "vtgate")
            if name != "shard" or of_no_shard:
                allowed = "none is expanded here" if of_no_shard else "write {shard}"
                yield _problem(
                    document,
                    (*at, key),
                    "spec-placeholder",
                    f"{dotted((*at, key))} holds the placeholder {{{name}}}",
                    allowed,
                )
    if "replica" in value:
        yield from check_connection(document, (*at, "replica"), value["replica"])


def check_addresses(document: Document, at: Path, shards: Sequence[Addressed]) -> Iterator[Problem]:
    """Two shards at one address would be one schema changed twice, and another one never."""
    for key in ("database", "user"):
        lacking = [shard for shard in shards if not getattr(shard.connection, key)]
        if lacking:
            yield Problem(
                code="spec-missing-key",
                message=f"{dotted(at)}: the connection of shard {lacking[0]} has no {key}",
                recovery=f"add {key!r} to the connection",
                where=document.where_key((*at, "connection")),
            )
    first: dict[Address, Addressed] = {}
    for shard in shards:
        other = first.setdefault(address_of(shard.connection, shard.shard), shard)
        if other is not shard:
            yield _problem(
                document,
                (*at, shard.listed),
                "spec-same-address",
                f"shards {other} and {shard} have the same server and database",
                "use {shard} in host or database, or give each shard a connection",
            )
            return


def _problem(document: Document, at: Path, code: str, message: str, recovery: str) -> Problem:
    return Problem(code=code, message=message, recovery=recovery, where=document.where(at))
