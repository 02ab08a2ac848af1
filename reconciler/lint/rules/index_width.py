"""An index that is nearly as wide as one may be."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import index_bytes
from reconciler.model.schema import IndexKind

_BYTES_MAX = 3_072  # InnoDB, DYNAMIC or COMPRESSED, pages of 16 KiB (MySQL 8.4 manual, 17.21)
_BYTES_MAX_COMPACT = 767
_COUNTED = (IndexKind.PRIMARY, IndexKind.UNIQUE, IndexKind.PLAIN)


def _check(asked: Asked) -> Iterator[Found]:
    old = (asked.table.option("ROW_FORMAT") or "").upper() in ("COMPACT", "REDUNDANT")
    most = _BYTES_MAX_COMPACT if old else _BYTES_MAX
    share = asked.number("percent")
    for index in asked.table.indexes:
        if index.kind not in _COUNTED:
            continue
        for part in index.parts:
            size = index_bytes(part, asked.table)
            if size * 100 > most * share:
                yield Found(
                    message=f"takes up to {size:,} bytes of {part.column}; a column of an index"
                    f" may take {most:,}",
                    at=index.at,
                    object=index.name,
                )


RULE = Rule(
    name="index-width",
    severity=Severity.WARNING,
    reason="a longer column or a wider character set will be refused by the server",
    source="MySQL 8.4 manual, 17.21",
    check=_check,
    options={"percent": 90},
)
