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
    PRINTED_EARLIER = "printed earlier"  # the same, where an earlier release had another form

    @property
    def is_printed(self) -> bool:
        return self is not Style.PLAIN


def printed_styles(version: ServerVersion) -> tuple[Style, ...]:
    """The styles that a server of this version may print in, the likely one first.

    MariaDB 10.11 and 11.4.5 print INVISIBLE before DEFAULT, 11.8 behind it; MySQL 8.0 is said to
    print ENCRYPTION inside a comment, 9.7 does not. Which releases changed it nobody wrote down.
    """
    if version.flavor is Flavor.MARIADB and version.major == 10:
        return (Style.PRINTED_EARLIER,)
    return (Style.PRINTED, Style.PRINTED_EARLIER)


def since(version_id: int, sql: str, style: Style) -> str:
    """` sql`, in MySQL's printed form inside a comment for servers of at least `version_id`."""
    return f" /*!{version_id} {sql} */" if style.is_printed else f" {sql}"
