"""Whether the application's triggers can be made on a target with the rights that they have on the
source, and work there.

Rule: it is asked before anything is made (SP-58): a trigger is made behind the point of no return,
where nobody serves the range until it stands.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.edges.mysql.access import read_access
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reading import text
from reconciler.edges.mysql.split.problems import server_unfit
from reconciler.edges.mysql.split.session import SplitSession
from reconciler.errors import Problem
from reconciler.guard.definers import GIVES_RIGHTS
from reconciler.ports.split_servers import Definition

_ACCOUNT = "SELECT 1 FROM mysql.user WHERE User = %s AND Host = %s"


def trigger_problems(
    link: Link, session: SplitSession, definition: Definition
) -> tuple[Problem, ...]:
    """Raises ServerRefusal, LinkLost."""
    own = text(link.row("SELECT CURRENT_USER()", width=1)[0])
    others = [trigger for trigger in definition.triggers if trigger.definer != own]
    if not others:
        return ()
    access = read_access(link, session.database, session.server)
    may_name_another = access.may_everywhere(GIVES_RIGHTS[session.server.settings.version.flavor])
    return tuple(
        problem
        for trigger in others
        for problem in _problems(
            link, session.label, trigger.name, trigger.definer, may_name_another=may_name_another
        )
    )


def _problems(
    link: Link, label: str, trigger: str, definer: str, *, may_name_another: bool
) -> Iterator[Problem]:
    """The account itself is never shown."""
    if not may_name_another:
        yield server_unfit(
            label,
            f"its login may not make the application's trigger {trigger}, which has the rights of"
            " another account",
            "grant the login SET_ANY_DEFINER (MySQL before 8.2: SET_USER_ID, MariaDB: SET USER)",
        )
    match _is_there(link, definer):
        case False:
            yield server_unfit(
                label,
                f"the account whose rights the application's trigger {trigger} has on the source is"
                " not there: every write that the trigger belongs to would fail",
                "create the account with its rights on this server",
            )
        case None:
            yield server_unfit(
                label,
                f"its login may not see whether the account whose rights the application's trigger"
                f" {trigger} has is there",
                "grant the login SELECT on mysql.user",
            )


def _is_there(link: Link, definer: str) -> bool | None:
    """None: the login may not see it."""
    user, _, host = definer.rpartition("@")
    try:
        return bool(link.query(_ACCOUNT, [user, host], width=1))
    except ServerRefusal:
        return None
