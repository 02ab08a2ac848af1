"""The AUTO_INCREMENT counter that SHOW CREATE TABLE prints among the table options.

It is data, not definition, and differs from shard to shard and from minute to minute.
"""

from __future__ import annotations

import re

# The options follow the only line that begins with a closing parenthesis: within the definitions
# every line is indented, and line breaks in literals are printed as escapes (MySQL 9.7,
# MariaDB 11.8). ENGINE comes first but for a TABLESPACE comment.
_COUNTER = re.compile(
    r"(?m)^(\) (?:/\*!50100 TABLESPACE .*?\*/ )?ENGINE=\S+)( AUTO_INCREMENT=(\d+))"
)


def without_counter(definition: str) -> str:
    return _COUNTER.sub(r"\1", definition, count=1)


def counter_in(definition: str) -> int | None:
    """The number that the next row gets; None where none is printed."""
    printed = _COUNTER.search(definition)
    return int(printed[3]) if printed is not None else None


def counted_to(definition: str, wanted: int | None) -> str:
    """The definition with the counter as far as it matters: at `wanted` if it has come that far,
    else without one."""
    printed = _COUNTER.search(definition)
    if printed is None or wanted is None or int(printed[3]) < wanted:
        return without_counter(definition)
    return f"{definition[: printed.end(1)]} AUTO_INCREMENT={wanted}{definition[printed.end() :]}"
