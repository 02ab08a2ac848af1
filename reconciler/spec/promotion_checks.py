"""`promote_if` as it is written: each check with a name of its own, and one question that reads.

Reviewers see the query, and it runs in a session that can do nothing but read; here it is refused
where it stands what would write a file, take locks, or be read in two ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.statement.parts import is_word_at, split_statement
from reconciler.errors import Problem
from reconciler.spec.durations import duration_s
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.yaml_text import Document

_UNREADABLE = frozenset({TokenKind.UNTERMINATED, TokenKind.UNKNOWN, TokenKind.EXECUTABLE_OPEN})
_KEYS = ("query", "prometheus")


def check_promotion(document: Document, at: Path, rollout: Mapping[str, Any]) -> Iterator[Problem]:
    """`at` is the rollout's place."""
    checks = rollout.get("promote_if", ())
    if checks and rollout.get("on_failure") == "continue":
        here = (*at, "promote_if")
        what = f"{dotted(here)} holds waves, and `on_failure: continue` goes on past failures"
        yield _problem(document, here, what, "write `on_failure: halt` or `pause`")
    named: dict[str, int] = {}
    for i, check in enumerate(checks):
        here = (*at, "promote_if", i)
        if check["name"] in named:
            what = f"{dotted(here)} has the name of another check: {check['name']!r}"
            yield _problem(document, (*here, "name"), what, "give it a name of its own")
        named.setdefault(check["name"], i)
        if sum(key in check for key in _KEYS) != 1:
            what = f"{dotted(here)} must have either `query` or `prometheus`"
            yield _problem(document, here, what, "write one of the two")
        if fault := _fault(check.get("query", "SELECT 1")):
            what = f"{dotted((*here, 'query'))} {fault}"
            recovery = "write one plain SELECT of one number"
            yield _problem(document, (*here, "query"), what, recovery)
        if duration_s(check.get("every", "30s")) < 1:
            what = f"{dotted((*here, 'every'))} must be at least 1s"
            yield _problem(document, (*here, "every"), what, "write 1s or more")
        bounds = check["expect"]
        if bounds.get("min", float("-inf")) > bounds.get("max", float("inf")):
            what = f"{dotted((*here, 'expect'))} lets nothing in: `min` is above `max`"
            yield _problem(document, (*here, "expect"), what, "exchange the two")


def _fault(sql: str) -> str | None:
    text = split_statement(sql)
    first = text.token(0)
    if text.behind:
        return "is more than one statement"
    if first is None or not first.is_word("SELECT", "WITH"):
        return "does not begin with SELECT or WITH"
    if any(token.kind in _UNREADABLE for token in text.tokens):
        return "cannot be read, or holds an executable comment"
    if any(_writes(text.tokens, i) for i in range(len(text.tokens))):
        return "would write, or take locks"
    return None


# What takes or frees a lock by name, such as those that an apply has on its shards, and what takes
# a value of a sequence. All of it is allowed in a transaction that only reads.
_FUNCTIONS = frozenset(
    {
        "GET_LOCK",
        "RELEASE_LOCK",
        "RELEASE_ALL_LOCKS",
        "SERVICE_GET_READ_LOCKS",
        "SERVICE_GET_WRITE_LOCKS",
        "SERVICE_RELEASE_LOCKS",
        "NEXTVAL",
        "SETVAL",
    }
)


def _writes(tokens: tuple[Token, ...], at: int) -> bool:
    """INTO, FOR UPDATE, FOR SHARE, LOCK IN, NEXT VALUE: bare words behind no dot. A function's name
    may stand in quotes."""
    token = tokens[at]
    if at and tokens[at - 1].is_punctuation("."):
        return False
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if token.is_word("INTO"):
        return True
    if following is None:
        return False
    if following.is_punctuation("(") and token.value.upper() in _FUNCTIONS:
        return token.kind in (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER)
    if token.is_word("NEXT") and following.is_word("VALUE"):
        return is_word_at(tokens, at + 2, "FOR")
    return (token.is_word("FOR") and following.is_word("UPDATE", "SHARE")) or (
        token.is_word("LOCK") and following.is_word("IN")
    )


def _problem(document: Document, at: Path, message: str, recovery: str) -> Problem:
    return Problem(
        code="spec-bad-value", message=message, recovery=recovery, where=document.where(at)
    )
