"""The tables that Vitess makes in a shard's database for itself, by their names alone.

It makes and drops them at any time: copies of online DDL, and what is on its way to be dropped.
Nobody declares them, so no reading lists them; the sidecar's are in a database of their own.
"""

from __future__ import annotations

import re

# As `IsInternalOperationTableName` of Vitess 24 has them: _vt_vrp_<uuid>_<time>_, the older
# _vt_HOLD_<uuid>_<time>, and the artifacts of online DDL <uuid>_<time>_vrepl.
_INTERNAL = re.compile(
    r"_vt_[a-zA-Z0-9]{3}_[0-9a-f]{32}_[0-9]{14}_"
    r"|_vt_(?:HOLD|PURGE|EVAC|DROP)_[0-9a-f]{32}_[0-9]{14}"
    r"|_[0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12}_[0-9]{14}_(?:gho|ghc|del|new|vrepl)"
)


# A name of its own within a text, quoted or not.
_NAMED = re.compile(rf"(?<![\w$])(?:{_INTERNAL.pattern})(?![\w$])")


def is_internal(table: str) -> bool:
    return _INTERNAL.fullmatch(table) is not None


def internal_names(sql: str) -> frozenset[str]:
    """Those that a statement names, anywhere in it."""
    return frozenset(_NAMED.findall(sql))
