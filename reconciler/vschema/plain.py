"""A VSchema's JSON without what has no meaning, by nobody's knowledge of what a VSchema has.

It is the second way of seeing a change (FZ-6): the reader in `read.py` knows every field, and a
field that it, the value or the differences forgot could hide a change. This knows three things of
Vitess' JSON only: which objects have names of people for keys, how a default is printed, and that
`column` is a list of one.
"""

from __future__ import annotations

from typing import Any

from reconciler.vschema.canonical import canonical_text
from reconciler.vschema.read import snake_case

_NAMED = frozenset({"vindexes", "tables", "params"})
_KEPT_WHEN_EMPTY = frozenset({"auto_increment", "multi_tenant_spec", "nullable"})
_NOTHING: tuple[Any, ...] = (None, False, 0, "", [], {}, "unspecified", "NULL_TYPE")


def plain_text(document: Any) -> str:
    """The same for two documents that say the same thing of a keyspace."""
    return canonical_text(_plain(document))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    said: dict[str, Any] = {}
    for key, item in value.items():
        name = snake_case(key)
        if name in _NAMED and isinstance(item, dict):
            found: Any = {one: _plain(of) for one, of in item.items()}
        else:
            found = _plain(item)
        if found not in _NOTHING or (name in _KEPT_WHEN_EMPTY and item is not None):
            said[name] = found
    if "column" in said and "name" in said and "columns" not in said:
        said["columns"] = [said.pop("column")]
    return said
