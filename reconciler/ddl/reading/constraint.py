"""Foreign keys and checks out of the text."""

from __future__ import annotations

import re

from reconciler.ddl.quote import doubles_in_keys, unquote_identifier
from reconciler.ddl.scan import NAME, closing_bracket, expect
from reconciler.model.schema import Check, ForeignKey
from reconciler.model.server import ServerVersion

_NAMES = rf"{NAME}(?:, {NAME})*+"
# Where backquotes inside are not doubled. Two in a row may be one that is, of a release that nobody
# has looked at.
_RAW_NAME = r"`(?:(?!``).)*?`"
_ACTION = r"(RESTRICT|CASCADE|SET NULL|NO ACTION|SET DEFAULT)"


def _foreign_key_pattern(name: str, names: str) -> re.Pattern[str]:
    return re.compile(
        rf"CONSTRAINT ({name}) FOREIGN KEY \(({names})\) "
        rf"REFERENCES (?:({NAME})\.)?({NAME}) \(({names})\)"
        rf"(?: ON DELETE {_ACTION})?(?: ON UPDATE {_ACTION})?(?=,\n  |\n\))",
        re.DOTALL,
    )


_FOREIGN_KEY = _foreign_key_pattern(NAME, _NAMES)
_RAW_FOREIGN_KEY = _foreign_key_pattern(_RAW_NAME, _RAW_NAME)
_EACH_NAME = re.compile(NAME)
_CHECK = re.compile(rf"CONSTRAINT ({NAME}) CHECK (?=\()")
_NOT_ENFORCED = " /*!80016 NOT ENFORCED */"


def read_foreign_key(text: str, at: int, version: ServerVersion) -> tuple[ForeignKey, int]:
    raw = not doubles_in_keys(version)
    match = expect(_RAW_FOREIGN_KEY if raw else _FOREIGN_KEY, text, at)
    name, columns, database, table, parent_columns, on_delete, on_update = match.groups()
    key = ForeignKey(
        name=name[1:-1] if raw else unquote_identifier(name),
        columns=_read_names(columns, raw),
        parent_database=unquote_identifier(database) if database else None,
        parent_table=unquote_identifier(table),
        parent_columns=_read_names(parent_columns, raw),
        on_delete=on_delete,
        on_update=on_update,
    )
    return key, match.end()


def read_check(text: str, at: int) -> tuple[Check, int]:
    match = expect(_CHECK, text, at)
    end = closing_bracket(text, match.end())
    expression = text[match.end() + 1 : end - 1]
    enforced = not text.startswith(_NOT_ENFORCED, end)
    check = Check(name=unquote_identifier(match[1]), expression=expression, enforced=enforced)
    return check, end if enforced else end + len(_NOT_ENFORCED)


def _read_names(names: str, raw: bool) -> tuple[str, ...]:
    if raw:
        return tuple(names[1:-1].split("`, `"))
    return tuple(unquote_identifier(name) for name in _EACH_NAME.findall(names))
