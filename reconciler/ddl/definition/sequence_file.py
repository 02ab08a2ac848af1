"""A file of a sequence: exactly one CREATE SEQUENCE, without a value to restart at."""

from __future__ import annotations

from reconciler.ddl.definition.delimiter import without_delimiters
from reconciler.ddl.definition.program_checks import empty_file, may_be_a_name, refuse_nul
from reconciler.ddl.definition.program_file import ProgramFile, at, file_problem
from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.statement.parts import identifier, split_statement
from reconciler.errors import InvalidInput
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import Security

_OPTIONS = tuple(
    """
    AS TINYINT SMALLINT MEDIUMINT INT INTEGER BIGINT SIGNED UNSIGNED START WITH INCREMENT BY
    MINVALUE MAXVALUE NO NOMINVALUE NOMAXVALUE CACHE NOCACHE CYCLE NOCYCLE ENGINE INNODB
    COMMENT
    """.strip().split()
)
_PUNCTUATION = ("=", "-", "+")


def read_sequence_file(text: str, path: str) -> ProgramFile:
    """`text` has LF line endings. Raises InvalidInput with the first problem found."""
    refuse_nul(text, path, "a NUL character in a sequence")
    text = without_delimiters(text)
    parts = split_statement(text)
    if not parts.tokens:
        recovery = "write a CREATE SEQUENCE; to drop the sequence, delete the file"
        raise empty_file(path, "the file holds no sequence", recovery)
    place = 1
    if parts.is_word(1, "OR") and parts.is_word(2, "REPLACE"):
        place = 3
    name = identifier(parts.token(place + 1))
    if not (parts.is_word(0, "CREATE") and parts.is_word(place, "SEQUENCE")) or name is None:
        raise _refused(parts.tokens[0], path, "CREATE SEQUENCE and a name is expected")
    if not may_be_a_name(name):
        raise _refused(parts.tokens[place + 1], path, "the name is one that no server takes")
    for token in parts.tokens[place + 2 :]:
        is_value = token.kind in (TokenKind.NUMBER, TokenKind.STRING)
        is_known = token.is_word(*_OPTIONS) or is_value
        if not is_known and not (
            token.kind is TokenKind.PUNCTUATION and token.text in _PUNCTUATION
        ):
            raise _refused(token, path, f"{token.text[:30]!r} is no part of a definition")
    if parts.behind:
        raise InvalidInput(
            file_problem(
                "definition-second-statement",
                "a second statement follows the sequence",
                "keep one CREATE SEQUENCE in a file",
                at(parts.behind[0], path),
            )
        )
    first, last = parts.tokens[place + 1], parts.tokens[-1]
    return ProgramFile(
        path=path,
        object_id=ObjectId(ObjectKind.SEQUENCE, name),
        head="CREATE OR REPLACE SEQUENCE ",
        security=Security.INVOKER,
        rest=text[first.offset : last.offset + len(last.text)],
        first_line=parts.tokens[0].line,
        rest_line=first.line,
    )


def _refused(token: Token, path: str, message: str) -> InvalidInput:
    recovery = (
        "write a plain CREATE SEQUENCE; where its value stands is data, which no file and no plan"
        " changes"
    )
    return InvalidInput(
        file_problem("definition-not-create-sequence", message, recovery, at(token, path))
    )
