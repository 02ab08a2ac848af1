"""Two ways to write the same clause.

What MySQL added after 5.0 it prints inside executable comments, so that older servers can load a
dump. A statement that we send must be readable by everybody, the guard included: no comments.
"""

from __future__ import annotations

from enum import StrEnum

from reconciler.model.server import Flavor, ServerVersion


class Style(StrEnum):
    PLAIN = "plain"  # plain words, for statements
    PRINTED = "printed"  # byte for byte what SHOW CREATE TABLE prints
    PRINTED_EARLIER = "printed earlier"  # as MariaDB 10 does: INVISIBLE stands before DEFAULT

    @property
    def is_printed(self) -> bool:
        return self is not Style.PLAIN


def printed_styles(version: ServerVersion) -> tuple[Style, ...]:
    """The styles that a server of this version may print in, the likely one first.

    MariaDB 10.11 prints the earlier, 11.8 the later; which release between them changed it nobody
    wrote down. One server prints all of its tables in the same.
    """
    if version.flavor is Flavor.MYSQL:
        return (Style.PRINTED,)
    return (
        (Style.PRINTED, Style.PRINTED_EARLIER) if version.major > 10 else (Style.PRINTED_EARLIER,)
    )


def since(version_id: int, sql: str, style: Style) -> str:
    """` sql`, in MySQL's printed form inside a comment for servers of at least `version_id`."""
    return f" /*!{version_id} {sql} */" if style.is_printed else f" {sql}"
