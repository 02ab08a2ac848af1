"""What a readable plan is made of: remarks that cannot leave their line, and statements exactly as
they will run, with characters that hide escaped so that they can be had back (RP-6, PL-15)."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.plan.visible import escape_sql, hidden_in_sql, visible_line
from reconciler.plan.words import terminated


def remark(text: str) -> str:
    return f"-- {visible_line(text)}"


def shown_statement(sql: str) -> str:
    """To the letter, but for characters that nobody would see."""
    return escape_sql(terminated(sql))


def shows_in_order(text: str, statements: Iterable[str]) -> bool:
    """Whether a readable file, of whatever version, is these statements, each exactly and in order,
    with nothing between them but remarks that hide nothing."""
    at = 0
    for sql in statements:
        at = _behind_remarks(text, at)
        shown = shown_statement(sql) + "\n"
        if not text.startswith(shown, at):
            return False
        at += len(shown)
    return _behind_remarks(text, at) == len(text)


def _behind_remarks(text: str, at: int) -> int:
    """Where the first line begins, from `at` on, that is not a remark."""
    while at < len(text):
        end = text.find("\n", at)
        line = text[at : end if end >= 0 else len(text)]
        is_remark = line in ("", "--") or line.startswith("-- ")
        if not is_remark or end < 0 or hidden_in_sql(line):
            return at
        at = end + 1
    return at
