"""Where in a definition file its columns, indexes and constraints stand: for marks on lines.

Only names that are written down have a place; what the server would name has none. Nothing that is
decided rests on it.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.ddl.definition.file import DefinitionFile
from reconciler.ddl.lexer import Token
from reconciler.ddl.statement.parts import closing, commas, identifier, split_statement

_BODY = 3  # CREATE TABLE name (


def object_lines(file: DefinitionFile) -> Mapping[str, int]:
    """Name in lower case to the line of the file it is defined on. Of a column and an index of one
    name the first, which is the column."""
    tokens = split_statement(file.statement).tokens
    end = closing(tokens, _BODY)
    inside = tokens[_BODY + 1 : end]
    lines: dict[str, int] = {}
    start = 0
    for comma in (*(commas(inside, 0) or ()), len(inside)):
        named = _named(inside[start:comma])
        if named is not None:
            name, token = named
            lines.setdefault(name.lower(), file.first_line + token.line - 1)
        start = comma + 1
    return lines


def _named(tokens: tuple[Token, ...]) -> tuple[str, Token] | None:
    """`name type …`, `KEY name (…)`, `CONSTRAINT name …`, `PRIMARY KEY (…)`."""
    for token in tokens:
        if token.is_punctuation("("):
            return None
        if token.is_word("PRIMARY"):
            return "PRIMARY", token
        if name := identifier(token):
            return name, tokens[0]
    return None
