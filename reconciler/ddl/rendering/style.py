"""Two ways to write the same clause.

What MySQL added after 5.0 it prints inside executable comments, so that older servers can load a
dump. A statement that we send must be readable by everybody, the guard included: no comments.
"""

from __future__ import annotations

from enum import StrEnum


class Style(StrEnum):
    PRINTED = "printed"  # byte for byte what SHOW CREATE TABLE prints
    PLAIN = "plain"  # the same meaning in plain words, for statements


def since(version_id: int, sql: str, style: Style) -> str:
    """` sql`, in MySQL's printed form inside a comment for servers of at least `version_id`."""
    return f" /*!{version_id} {sql} */" if style is Style.PRINTED else f" {sql}"
