"""Instructions in the comments of a definition file: `-- reconciler: rename column old to new`.

A rename is never guessed, so an annotation that is not understood is an error, never a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reconciler.ddl.lexer import Token, TokenKind, tokenize
from reconciler.ddl.statement.parts import StatementText, identifier
from reconciler.errors import InvalidInput, Location, Problem, nearest
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.renames import Rename, RenameKind

_ANNOTATION = re.compile(r"(?:--|\#|/\*)\s*reconciler\s*:(.*?)(?:\*/)?", re.DOTALL | re.IGNORECASE)
_FORM = "-- reconciler: rename table|column|index OLD to NEW"


def read_renames(definition: StatementText, *, table: str, path: str) -> tuple[Rename, ...]:
    """Raises InvalidInput with every annotation that is wrong."""
    renames: list[tuple[Token, Rename]] = []
    problems: list[Problem] = []
    for comment in definition.comments:
        match = _ANNOTATION.fullmatch(comment.text)
        if match is None:
            continue
        try:
            renames.append((comment, _rename(match[1], comment, table, path)))
        except InvalidInput as error:
            problems += error.problems
    if renames:
        inside = (identifier(token) for token in definition.tokens[3:])
        names = frozenset(name.lower() for name in inside if name)
        problems += _conflicts(renames, names, path)
    if problems:
        raise InvalidInput(*first_problems(problems, path))
    return tuple(rename for _, rename in renames)


def _rename(text: str, comment: Token, table: str, path: str) -> Rename:
    tokens = tuple(tokenize(text))
    words = [token.text for token in tokens]
    if not words or words[0].lower() != "rename":
        likely = nearest(words[0], ["rename"]) if words else None
        said = "did you mean 'rename'?" if likely else f"write {_FORM}"
        first = words[0][:60] if words else ""
        raise InvalidInput(_problem(path, comment, f"unknown annotation {first!r}", said))
    kinds = [kind.value for kind in RenameKind]
    kind = words[1].lower() if len(words) > 1 else ""
    if kind not in kinds:
        likely = nearest(kind, kinds)
        said = f"did you mean {likely!r}?" if likely else f"write one of {', '.join(kinds)}"
        raise InvalidInput(_problem(path, comment, f"cannot rename {kind[:60]!r}", said))
    if len(tokens) != 5 or not tokens[3].is_word("TO"):
        message = "the rename is not of the form OLD to NEW"
        raise InvalidInput(_problem(path, comment, message, f"write {_FORM}"))
    old, new = (_name(token, comment, path) for token in (tokens[2], tokens[4]))
    return Rename(kind=RenameKind(kind), table=table, old=old, new=new)


def _name(token: Token, comment: Token, path: str) -> str:
    name = token.value if token.kind in (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER) else ""
    if not 0 < len(name) <= IDENTIFIER_CHARS_MAX:
        message = f"{token.text[:60]!r} is not a name"
        recovery = "write a name of at most 64 characters, in backquotes if it is not a plain word"
        raise InvalidInput(_problem(path, comment, message, recovery))
    return name


def _conflicts(
    renames: Sequence[tuple[Token, Rename]], names: frozenset[str], path: str
) -> Iterator[Problem]:
    """`names` are all names in the definition, in small letters."""
    seen: set[tuple[RenameKind, str, str]] = set()
    for comment, rename in renames:
        what = rename.kind.value
        if rename.old == rename.new:
            yield _problem(path, comment, f"the {what} is renamed to itself", "remove the line")
        if rename.kind is RenameKind.TABLE:
            if rename.new != rename.table:
                message = f"the file defines table {rename.table!r}, not {rename.new!r}"
                yield _problem(path, comment, message, f"write `to {rename.table}`")
        elif rename.new.lower() not in names:
            message = f"the definition has no {what} {rename.new!r} to rename to"
            yield _problem(path, comment, message, "write the new name as the definition has it")
        for side, name in (("from", rename.old), ("to", rename.new)):
            key = (rename.kind, side, name.lower())
            if key in seen:
                message = f"{what} {name!r} is renamed {side} twice"
                yield _problem(path, comment, message, "keep one of the annotations")
            seen.add(key)


def _problem(path: str, comment: Token, message: str, recovery: str) -> Problem:
    where = Location(path=path, line=comment.line, column=comment.column)
    return Problem(code="annotation-invalid", message=message, recovery=recovery, where=where)
