"""Lines of a terminal: the one place where raw text of a document becomes characters of one (RP-6),
wrapped to the reader's width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import assert_never

from reconciler.plan import words
from reconciler.plan.visible import visible_line, visible_sql
from reconciler.report.limits import STATEMENT_LINE_CHARS_MAX
from reconciler.report.spans import Command, Line, Link, Moment, Name, Span, Strong, Text
from reconciler.report.times import age, moment

Lines = Iterator[str]


def plain(spans: Line) -> str:
    """Spans on one line, in which nothing hides and no colour stands."""
    return "".join(map(_span, spans))


def sql_lines(sql: str) -> list[str]:
    """A statement with its `;`, to be copied: line by line as it is, never wrapped."""
    return visible_sql(words.terminated(sql)).split("\n")


def sql_line(sql: str) -> str:
    """A statement on one line, cut where it is long: it names what runs."""
    return visible_line(" ".join(sql.split()), limit_chars=STATEMENT_LINE_CHARS_MAX)


def short_sql_line(sql: str, *, limit_chars: int) -> str:
    """As `sql_line`, on a line of the terminal."""
    line = sql_line(sql)
    return line if len(line) <= limit_chars else f"{line[: limit_chars - 1]}…"


def wrapped(text: str, width_chars: int, *, first: str = "", rest: str | None = None) -> Lines:
    """`text` on as few lines as fit; `first` and `rest` are what they begin with. A `command` is
    not broken: it is there to be copied."""
    unbroken = re.sub(r"`[^`]*`", lambda match: match[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(
        unbroken,
        width_chars,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
    yield from (line.replace("\0", " ") for line in lines)


def _span(span: Span) -> str:
    match span:
        case Text(text) | Name(text) | Strong(text) | Link(text):
            return visible_line(text)
        case Command(text):
            return f"`{visible_line(text)}`"
        case Moment(at_s, now_s):
            return moment(at_s) + (f", {age(now_s - at_s)} ago" if now_s is not None else "")
        case _:
            assert_never(span)
