"""Table options out of the text: known ones only, since an unknown one may mean anything."""

from __future__ import annotations

import re

from reconciler.ddl.rendering.options import ENGINE_DEFINED
from reconciler.ddl.scan import NAME, STRING
from reconciler.model.server import Flavor

_SHARED = (
    "ENGINE|AUTO_INCREMENT|DEFAULT CHARSET|COLLATE|MIN_ROWS|MAX_ROWS|AVG_ROW_LENGTH|PACK_KEYS|"
    "STATS_PERSISTENT|STATS_AUTO_RECALC|STATS_SAMPLE_PAGES|CHECKSUM|DELAY_KEY_WRITE|ROW_FORMAT|"
    "KEY_BLOCK_SIZE|COMMENT|CONNECTION|DATA DIRECTORY|INDEX DIRECTORY|INSERT_METHOD|UNION"
)
_VALUE = rf"({STRING}|\((?:{NAME},?)*+\)|\w+)"
_MYSQL = rf" ({_SHARED}|COMPRESSION|ENCRYPTION|SECONDARY_ENGINE)={_VALUE}"
_OPTION = {
    Flavor.MYSQL: re.compile(
        rf"{_MYSQL}| /\*!(?:80016|80021|80023) "
        rf"(ENCRYPTION|AUTOEXTEND_SIZE|ENGINE_ATTRIBUTE|SECONDARY_ENGINE_ATTRIBUTE)={_VALUE} \*/",
        re.DOTALL,
    ),
    Flavor.MARIADB: re.compile(
        rf" ({_SHARED}|PAGE_CHECKSUM|TRANSACTIONAL)={_VALUE}"
        rf"| `((?i:{'|'.join(ENGINE_DEFINED)}))`=('?\w+'?)",
        re.DOTALL,
    ),
}
_PLACE = re.compile(rf" /\*!50100 (?:TABLESPACE ({NAME}))? ?(?:STORAGE (DISK|MEMORY))? \*/")
_SYSTEM_VERSIONING = " WITH SYSTEM VERSIONING"


def read_options(
    text: str, at: int, flavor: Flavor
) -> tuple[tuple[tuple[str, str], ...], bool, int]:
    """The options in printed order, whether the table is system-versioned, and where they end."""
    options: list[tuple[str, str]] = []
    if place := _PLACE.match(text, at):
        pairs = zip(("TABLESPACE", "STORAGE"), place.groups(), strict=True)
        options += [(name, value) for name, value in pairs if value]
        at = place.end()
    while match := _OPTION[flavor].match(text, at):
        name, value, other_name, other_value = match.groups()
        options.append((name, value) if name else (other_name, other_value))
        at = match.end()
    versioned = text.startswith(_SYSTEM_VERSIONING, at)
    return tuple(options), versioned, at + len(_SYSTEM_VERSIONING) * versioned
