"""Tables that a body uses, and procedures that it calls, by where their names stand.

No server looks whether they are there before it runs the body. Nothing is told that may be
something else: what is not certainly such a name is left out, and so are names that the body
itself makes, whatever way, and all of a body whose meaning depends on its server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.ddl.lexer import NAMES, UNREADABLE, Token, TokenKind, tokenize, words_in
from reconciler.ddl.programs.names import named_by_with

_LEADS = ("THEN", "ELSE", "DO", "BEGIN", "ATOMIC", "LOOP", "REPEAT")
"""Behind these, and behind a handler's condition, a statement begins."""
_HANDLED = ("FOUND", "SQLEXCEPTION", "SQLWARNING")
_ENDS_TABLES = (
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "MINUS",
    "INTO",
    "SET",
    "FOR",
    "LOCK",
    "PROCEDURE",
    "RETURNING",
    "VALUES",
    "VALUE",
    "DUPLICATE",
)
_OPTIONS = ("LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE", "INTO")
_NO_TABLES = ("DUAL", "SELECT", "WITH", "VALUES", "TABLE", "LATERAL", "ONLY", "JSON_TABLE")
_RIGHTS = ("GRANT", "REVOKE")
_MAKES = ("TABLE", "TABLES", "VIEW", "SEQUENCE")
_BETWEEN = ("IF", "NOT", "EXISTS")
_AT_RUN_TIME = ("PREPARE", "IMMEDIATE")
# MariaDB has a table of each such name, wherever it is asked for.
_NUMBERS = re.compile(r"seq_\d+_to_\d+(?:_step_\d+)?", re.IGNORECASE)


def tables_used(body: str) -> tuple[str, ...]:
    """By name as it is written, in the order of their places."""
    tokens = _tokens(body)
    if any(token.kind in UNREADABLE for token in tokens):
        return ()
    own = {*map(str.lower, named_by_with(tokens)), *_made(tokens)}
    found = (token.value for token in _Reader(tokens).read())
    used = (name for name in found if name.lower() not in own and not _NUMBERS.fullmatch(name))
    return tuple(dict.fromkeys(used))


def procedures_called(body: str) -> tuple[str, ...]:
    """Those of its own database, by name as it is written, in the order of their places."""
    tokens = _tokens(body)
    if any(token.kind in UNREADABLE for token in tokens):
        return ()
    found = []
    for before, call, name, behind in zip(
        (None, *tokens), tokens, tokens[1:], (*tokens[2:], None), strict=False
    ):
        is_name = before is not None and before.text in ("@", ".")
        is_outside = behind is not None and behind.is_punctuation(".")
        if call.is_word("CALL") and not is_name and name.kind in NAMES and not is_outside:
            found.append(name.value)
    return tuple(dict.fromkeys(found))


def names_made(body: str) -> frozenset[str]:
    """Those, in small letters, that the body makes or drops, or may, with a text that it puts
    together: another body that is called from it, or behind it, may use them."""
    return frozenset(_made(_tokens(body)))


def _tokens(body: str) -> list[Token]:
    return [token for token in tokenize(body) if token.kind is not TokenKind.COMMENT]


def _made(tokens: Sequence[Token]) -> Iterator[str]:
    verb = ""
    expects = False
    for token in tokens:
        if token.is_punctuation(";"):
            verb, expects = "", False
        elif token.is_word("CREATE", "DROP"):
            verb = token.text.upper()
        elif verb and token.is_word(*_MAKES):
            expects = True
        elif expects and token.kind in NAMES and not token.is_word(*_BETWEEN):
            yield token.value.lower()
            expects = False
        elif verb == "DROP" and token.is_punctuation(","):
            expects = True
    if any(token.is_word("RENAME") for token in tokens):
        yield from (token.value.lower() for token in tokens if token.kind in NAMES)
    if any(token.is_word(*_AT_RUN_TIME) for token in tokens):
        for token in tokens:
            if token.kind is TokenKind.STRING:
                yield from map(str.lower, words_in(token.value))


@dataclass(slots=True)
class _Level:
    """What stands between two brackets. `selects`: FROM is to come; `lists`: a list of tables is
    open; `deletes`: what DELETE FROM has named, which are aliases where USING follows."""

    selects: bool = False
    lists: bool = False
    deletes: bool = False
    found: list[Token] = field(default_factory=list)


class _Reader:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._levels = [_Level()]
        self._expects = False  # a table's name, as the next token

    def read(self) -> list[Token]:
        found: list[Token] = []
        for at, token in enumerate(self._tokens):
            if token.is_punctuation(";"):
                found += [one for level in self._levels for one in level.found]
                self._levels, self._expects = [_Level()], False
            elif token.is_punctuation("("):
                self._levels.append(_Level(lists=self._expects))
            elif token.is_punctuation(")"):
                self._expects = False
                if len(self._levels) > 1:
                    found_in = self._levels.pop().found
                    self._levels[-1].found += found_in
            elif self._follows_sign(at, "@") or self._follows_sign(at, "."):
                self._expects = False  # @from, t.from: a name, whatever it is
            elif self._expects and self._is_table(at):
                self._levels[-1].found.append(token)
                self._expects = False
            else:
                self._expects = self._leads(at)
        return found + [one for level in self._levels for one in level.found]

    def _is_table(self, at: int) -> bool:
        """Alone: neither of another database, nor a function, nor a word of the grammar."""
        token, behind = self._tokens[at], self._behind(at)
        if token.kind not in NAMES or token.is_word(*_NO_TABLES, *_OPTIONS):
            return False
        if behind is not None and behind.is_punctuation("."):
            return False
        return not _is_bracket(behind) or self._is_inserted_into(at)

    def _is_inserted_into(self, at: int) -> bool:
        while at > 0 and self._tokens[at - 1].is_word(*_OPTIONS):
            at -= 1
        return at > 0 and self._tokens[at - 1].is_word("INSERT", "REPLACE")

    def _leads(self, at: int) -> bool:
        """Whether a table stands behind the token; notes what it opens and ends."""
        token, level, behind = self._tokens[at], self._levels[-1], self._behind(at)
        if token.is_word("SELECT"):
            is_right = self._follows(at, *_RIGHTS) or self._follows_sign(at, ",")
            level.selects, level.lists = not is_right, False
            return False
        if token.is_word("FROM") and level.selects:
            level.selects, level.lists = False, True
            return True
        if token.is_word("USING") and level.deletes and not _is_bracket(behind):
            level.found.clear()
            level.deletes, level.lists = False, True
            return True
        if token.is_word("INSERT", "REPLACE", "UPDATE", "DELETE", "TRUNCATE"):
            return self._begins_to_write(at)
        if token.is_word(*_OPTIONS) and self._expects:
            return True
        if token.is_word("TABLE", "LATERAL") and self._expects:
            return True
        if token.is_word(*_ENDS_TABLES):
            level.lists = False
            return False
        is_next = token.is_word("JOIN", "STRAIGHT_JOIN") or token.is_punctuation(",")
        return is_next and level.lists

    def _begins_to_write(self, at: int) -> bool:
        token, level = self._tokens[at], self._levels[-1]
        begins = at == 0 or self._follows_sign(at, ";") or self._follows(at, *_LEADS, *_HANDLED)
        behind = self._behind(at)
        if not begins or behind is None or _is_bracket(behind):
            return False
        if token.is_word("TRUNCATE"):
            return behind.is_word("TABLE")
        level.lists = token.is_word("UPDATE")
        level.selects = level.deletes = token.is_word("DELETE")
        return not level.deletes

    def _follows(self, at: int, *words: str) -> bool:
        return at > 0 and self._tokens[at - 1].is_word(*words)

    def _follows_sign(self, at: int, sign: str) -> bool:
        return at > 0 and self._tokens[at - 1].is_punctuation(sign)

    def _behind(self, at: int) -> Token | None:
        return self._tokens[at + 1] if at + 1 < len(self._tokens) else None


def _is_bracket(token: Token | None) -> bool:
    return token is not None and token.is_punctuation("(")
