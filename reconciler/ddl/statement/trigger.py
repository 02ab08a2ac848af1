"""Statements that make or drop a trigger: exactly the forms that plans have, and no other (DS-5).

A swap is one of them: on MySQL, which replaces no trigger, a trigger is dropped and made again
while its table is locked. Its four parts are told apart here, and go to the server one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from reconciler.ddl.limits import STATEMENTS_KEPT_MAX
from reconciler.ddl.programs.accounts import Account, read_account
from reconciler.ddl.programs.names import outside_names_in_body
from reconciler.ddl.programs.trigger import is_one_statement
from reconciler.ddl.quote import unquote_identifier
from reconciler.ddl.scan import NAME
from reconciler.ddl.statement.refused import statement_refused

_BEGINS = re.compile(
    rf"(?:CREATE (?:OR REPLACE )?DEFINER={NAME}(?:@{NAME})? TRIGGER |DROP TRIGGER "
    rf"|LOCK TABLES {NAME} WRITE;)"
)
_CREATE = re.compile(
    rf"CREATE (?P<replaces>OR REPLACE )?DEFINER=(?P<definer>{NAME}(?:@{NAME})?)"
    rf" TRIGGER (?P<name>{NAME}) (?:BEFORE|AFTER) (?:INSERT|UPDATE|DELETE) ON (?P<table>{NAME})"
    rf" FOR EACH ROW (?:(?:FOLLOWS|PRECEDES) {NAME} )?(?P<body>.+)",
    re.DOTALL,
)
_SWAP = re.compile(
    rf"(?P<lock>LOCK TABLES (?P<table>{NAME}) WRITE);\n"
    rf"(?P<drop>DROP TRIGGER IF EXISTS (?P<name>{NAME}));\n"
    r"(?P<create>CREATE .+);\n(?P<unlock>UNLOCK TABLES)",
    re.DOTALL,
)
_DROP = re.compile(rf"DROP TRIGGER (?P<name>{NAME})")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapParts:
    lock: str
    drop: str
    create: str
    unlock: str

    @property
    def every(self) -> tuple[str, ...]:
        return (self.lock, self.drop, self.create, self.unlock)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerStatement:
    """`table` is the one that it fires on; '' for one that is dropped. `replaces` one that is
    there; `swap`: in these parts."""

    name: str
    table: str = ""
    drops: bool = False
    replaces: bool = False
    definer: Account | None = None
    swap: SwapParts | None = None


@lru_cache(maxsize=STATEMENTS_KEPT_MAX)
def read_trigger_statement(sql: str) -> TriggerStatement | None:
    """None for what does not begin as such a statement does. Raises Refused for what begins so and
    is none."""
    if _BEGINS.match(sql) is None:
        return None
    if (drop := _DROP.fullmatch(sql)) is not None:
        return TriggerStatement(name=unquote_identifier(drop["name"]), drops=True)
    if (swap := _SWAP.fullmatch(sql)) is not None:
        parts = SwapParts(**{part: swap[part] for part in ("lock", "drop", "create", "unlock")})
        made = _read_create(parts.create)
        if made.replaces or (made.table, made.name) != (
            unquote_identifier(swap["table"]),
            unquote_identifier(swap["name"]),
        ):
            raise statement_refused("statement-not-understood", "a swap of one trigger is expected")
        return TriggerStatement(
            name=made.name, table=made.table, replaces=True, definer=made.definer, swap=parts
        )
    return _read_create(sql)


def swap_parts(sql: str) -> SwapParts | None:
    """None for any other statement, whatever it is."""
    if _SWAP.fullmatch(sql) is None:
        return None
    read = read_trigger_statement(sql)
    return read.swap if read is not None else None


def _read_create(sql: str) -> TriggerStatement:
    made = _CREATE.fullmatch(sql)
    if made is None:
        raise statement_refused(
            "statement-not-understood", "a CREATE TRIGGER in the form of plans is expected"
        )
    if not is_one_statement(made["body"]):
        raise statement_refused("statement-second", "a trigger that does one statement is expected")
    if outside := outside_names_in_body(made["body"]):
        raise statement_refused(
            "statement-table", f"the trigger uses {outside[0][:120]} of another database"
        )
    return TriggerStatement(
        name=unquote_identifier(made["name"]),
        table=unquote_identifier(made["table"]),
        replaces=made["replaces"] is not None,
        definer=read_account(made["definer"]),
    )
