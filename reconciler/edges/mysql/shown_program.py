"""What SHOW CREATE prints of a program: its row, its text, and the account in its head."""

from __future__ import annotations

import re

from reconciler.ddl.programs.accounts import read_account
from reconciler.edges.mysql.connect import Row
from reconciler.edges.mysql.problems import ServerRefusal, is_of_the_moment
from reconciler.edges.mysql.shown_ahead import Asked, ShowsRows
from reconciler.model.object_id import ObjectKind

# In the head, and nowhere else: a string behind it may look the same.
_ACCOUNT = r"DEFINER=((?:`(?:[^`]|``)*`|[^\s@]+)(?:@(?:`(?:[^`]|``)*`|\S+))?)"
_OF_VIEW = re.compile(rf"\A(CREATE ALGORITHM=\w+) {_ACCOUNT}")
_OF_BODY = re.compile(rf"\A(CREATE ){_ACCOUNT} ")


def shown_row(link: ShowsRows, asked: Asked) -> Row | None:
    """None where it is gone, or the login may not see it. Raises ServerRefusal for what may go well
    later, for then it may be there all the same, and LinkLost."""
    try:
        return link.row(asked.sql, width=asked.width)
    except ServerRefusal as refusal:
        if is_of_the_moment(refusal.error):
            raise
        return None


def shown_text(value: object) -> str:
    """Bytes that are no text are marked in it, which no reader of a program takes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def without_definer(kind: ObjectKind, shown: str) -> tuple[str, str | None]:
    """The text of a view, a routine or an event, and its account by its digest."""
    pattern = _OF_VIEW if kind is ObjectKind.VIEW else _OF_BODY
    definer = pattern.match(shown)
    account = read_account(definer[2]) if definer is not None else None
    return pattern.sub(r"\1", shown), account.digest if account else None
