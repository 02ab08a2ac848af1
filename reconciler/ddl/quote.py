"""Quoting as the servers print it, and reading back any quoting they accept.

`quote_*` give exactly the text of SHOW CREATE; `unquote_*` take whatever a person may have written.
Backslash is an escape character here: the sessions that read definitions never set
NO_BACKSLASH_ESCAPES, and neither server honours that mode when it prints a definition.
"""

from __future__ import annotations

import re

from reconciler.model.server import Flavor, ServerVersion

# What MySQL's and MariaDB's append_unescaped() escape, and nothing else: a tab is printed as a tab.
_PRINTED_ESCAPES = str.maketrans(
    {"\0": "\\0", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "'": "''"},
)

# MySQL manual, "String Literals", Special Character Escape Sequences.
_NAMED_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
# The first release of a series of MariaDB that doubles them: 10.11.18 and 11.8.6 do not. Of others
# nobody has looked.
_DOUBLED_IN_KEYS_SINCE = {(10, 11): 19, (11, 8): 9}
_ESCAPE_OR_DOUBLED = {
    "'": re.compile(r"\\(.)|''", re.DOTALL),
    '"': re.compile(r'\\(.)|""', re.DOTALL),
}


def quote_identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def quote_identifiers(names: tuple[str, ...]) -> str:
    """`a`,`b`: a list of columns as the servers print it."""
    return ",".join(map(quote_identifier, names))


def doubles_in_keys(version: ServerVersion) -> bool:
    """Whether backquotes inside the names of a foreign key, and of its columns, are printed doubled
    as in any other name. Where they are not, a name that holds one ends before it ends."""
    if version.flavor is Flavor.MYSQL:
        return True
    since = _DOUBLED_IN_KEYS_SINCE.get((version.major, version.minor))
    return since is not None and version.patch >= since


def unquote_identifier(text: str) -> str:
    """The name meant by `text`, backquoted or bare."""
    return text[1:-1].replace("``", "`") if text.startswith("`") else text


def quote_string(text: str) -> str:
    return "'" + text.translate(_PRINTED_ESCAPES) + "'"


def unquote_string(text: str) -> str:
    """The characters meant by a literal in single or double quotes."""
    quote, body = text[0], text[1:-1]
    if "\\" not in body and quote not in body:
        return body
    return _ESCAPE_OR_DOUBLED[quote].sub(lambda match: _unescaped(match[1], quote), body)


def _unescaped(escaped: str | None, quote: str) -> str:
    match escaped:
        case None:
            return quote
        case "%" | "_":  # only LIKE gives these a meaning, so the backslash stays
            return "\\" + escaped
        case _:
            return _NAMED_ESCAPES.get(escaped, escaped)
