"""Statements that make, change or drop an event: exactly the forms that plans have, and no other
(DS-5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.ddl.programs.accounts import Account, read_account
from reconciler.ddl.programs.event import SCHEDULE, read_event
from reconciler.ddl.programs.facts import with_facts
from reconciler.ddl.quote import unquote_identifier
from reconciler.ddl.scan import NAME
from reconciler.ddl.statement.refused import statement_refused
from reconciler.errors import Refused
from reconciler.model.programs import CreatedWith

_BEGINS = re.compile(
    rf"(?:CREATE (?:OR REPLACE )?DEFINER={NAME}(?:@{NAME})? EVENT |ALTER DEFINER=|DROP EVENT )"
)
_MADE = re.compile(
    rf"(?P<verb>CREATE|CREATE OR REPLACE|ALTER) DEFINER=(?P<definer>{NAME}(?:@{NAME})?)"
    rf" EVENT (?P<name>{NAME})"
    rf"(?P<schedule> ON SCHEDULE {SCHEDULE})?(?P<kept> ON COMPLETION (?:NOT )?PRESERVE)"
    r"(?P<status> ENABLE| DISABLE)?(?P<rest> (?:COMMENT|DO) .+)",
    re.DOTALL,
)
_DROP = re.compile(rf"DROP EVENT (?P<name>{NAME})")
_STAYS = " ON SCHEDULE EVERY 1 DAY"
_STAYS_ON = " ENABLE"
# What its session is does not stand in a statement.
_ANY = CreatedWith(
    character_set_client="utf8mb4",
    collation_connection="utf8mb4_bin",
    sql_mode="",
    database_collation="utf8mb4_bin",
    time_zone="+00:00",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStatement:
    """`alters` one that is there, or replaces it; `is_on`: it runs by itself from then on, or goes
    on to where it does. `open_end` is its end, as said, where it starts when it is given: a server
    refuses one that lies before that."""

    name: str
    drops: bool = False
    alters: bool = False
    is_on: bool = False
    definer: Account | None = None
    open_end: str = ""


def read_event_statement(sql: str) -> EventStatement | None:
    """None for what does not begin as such a statement does. Raises Refused for what begins so and
    is none."""
    if _BEGINS.match(sql) is None:
        return None
    if (drop := _DROP.fullmatch(sql)) is not None:
        return EventStatement(name=unquote_identifier(drop["name"]), drops=True)
    made = _MADE.fullmatch(sql)
    verb = made["verb"] if made is not None else ""
    account = read_account(made["definer"]) if made is not None else None
    stays = verb == "ALTER" and made is not None and made["schedule"] is None
    says_all = made is not None and made["schedule"] and made["status"]
    if made is None or account is None or not (stays or says_all):
        raise statement_refused(
            "statement-not-understood",
            "a CREATE EVENT or ALTER EVENT in the form of plans is expected",
        )
    name = unquote_identifier(made["name"])
    head = f"CREATE EVENT {made['name']}{made['schedule'] or _STAYS}{made['kept']}"
    shown = f"{head}{made['status'] or _STAYS_ON}{made['rest']}"
    try:
        event = read_event(with_facts(shown, account.digest, _ANY), name)
    except Refused as refused:
        raise statement_refused("statement-not-understood", refused.problems[0].message) from None
    if event.is_stamped or event.is_over:
        raise statement_refused(
            "statement-not-understood",
            "a CREATE EVENT or ALTER EVENT in the form of plans is expected",
        )
    return EventStatement(
        name=name,
        alters=verb != "CREATE",
        is_on=event.is_on,
        definer=account,
        open_end="" if event.starts else event.ends,
    )
