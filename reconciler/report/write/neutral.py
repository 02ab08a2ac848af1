"""Raw text of a document as Markdown: it shows, and does nothing (RP-6).

The one place where that happens. `inline` is for what stands in a line, `fenced` for blocks of
code, `marker` for what only machines read. In each one a text can neither end its element nor start
another: no link, image, HTML, mention, issue reference, emoji code, formula or table cell. Reading
what a site renders: its mention and reference filters work on rendered text and skip code, so
escaping alone does not stop them; a WORD JOINER, which is not seen, does.
"""

from __future__ import annotations

import re
import string
from typing import assert_never

from reconciler.plan.visible import visible_block, visible_line
from reconciler.report.spans import Command, Line, Link, Moment, Name, Span, Strong, Text
from reconciler.report.times import moment

NAME_CHARS_MAX = 200
SENTENCE_CHARS_MAX = 1_000

_WORD_JOINER = "\u2060"

# What Markdown or HTML reads as syntax inside a line, as character references.
_SYNTAX = str.maketrans({c: f"&#{ord(c)};" for c in "\\`*[]<>&|~$"})

_PUNCTUATION = str.maketrans({c: f"&#{ord(c)};" for c in string.punctuation})

# `_` between letters and digits is text to GitHub; elsewhere it may open emphasis.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

# @user, #12, GH-12, https:, :emoji:, www.host: cut after the sign that starts them. At the end of a
# span as well: what follows may be the rest of it.
_TRIGGER = re.compile(r"[@#:](?=[\w/+-]|\Z)|\b(?:GH(?:-|\Z)|www(?=\.|\Z))", re.IGNORECASE)

# Lists, headings, quotes, rules: what means something at the start of a line only.
_LINE_STARTER = re.compile(r"[-+=#>:]|\d+(?=[.)])")


# An address that is nothing else: no sign that Markdown or HTML reads as syntax.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._/-]*)?")


def inline(
    spans: Line, *, starts_line: bool = True, sentence_chars_max: int = SENTENCE_CHARS_MAX
) -> str:
    """Spans as themselves, on one line. `starts_line`: nothing but a list's sign stands before
    them, so that what begins a list, a heading or a rule must not stand first."""
    shown = "".join(_span(span, sentence_chars_max) for span in spans).strip()
    starter = _LINE_STARTER.match(shown) if starts_line else None
    if starter is None:
        return shown
    return "".join(f"&#{ord(c)};" for c in starter[0]) + shown[starter.end() :]


def _span(span: Span, sentence_chars_max: int) -> str:
    match span:
        case Text(text):
            return _prose(text, sentence_chars_max)
        case Name(text) | Command(text):
            return _code(text)
        case Strong(text):
            shown = _prose(text, sentence_chars_max).strip()
            return f"**{shown}**" if shown else ""
        case Link(url):
            return url if _ADDRESS.fullmatch(url) else _code(url)
        case Moment(at_s, _):
            return moment(at_s)
        case _:
            assert_never(span)


def _code(text: str) -> str:
    """Inline code; safe in table cells as well, where a pipe would end the cell."""
    shown = visible_line(text, limit_chars=NAME_CHARS_MAX)
    if not shown.strip():
        shown = f"'{shown}'"
    if "|" in shown or "`" in shown:
        return f"<code>{html_text(shown)}</code>"
    if shown[0] == shown[-1] == " ":  # of these Markdown takes one from either end
        shown = f" {shown} "
    return f"`{shown}`"


def _prose(text: str, limit_chars: int) -> str:
    """Blanks at its ends are one each: they part it from its neighbours."""
    shown = _TRIGGER.sub(rf"\g<0>{_WORD_JOINER}", visible_line(text, limit_chars=limit_chars))
    body = shown.strip()
    left = " " if shown[:1] == " " else ""
    right = " " if body and shown[-1:] == " " else ""
    return f"{left}{_EMPHASIS.sub('&#95;', body.translate(_SYNTAX))}{right}"


def fenced(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any run of backticks inside."""
    body = visible_block(text)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def html_text(text: str) -> str:
    """Text inside an HTML element on one line, where Markdown still looks for its own syntax."""
    return visible_line(text, limit_chars=NAME_CHARS_MAX).translate(_PUNCTUATION)


def marker(topic: str, *names: str) -> str:
    """A line that nobody sees, by which a comment is found again."""
    of = f"{'/'.join(map(_in_comment, names))} " if names else ""
    return f"{_marker_start(topic)}{of}-->"


def is_marker(line: str, topic: str) -> bool:
    return line.startswith(_marker_start(topic))


def _marker_start(topic: str) -> str:
    return f"<!-- reconciler {topic} "


def _in_comment(name: str) -> str:
    """Letters, digits, `_`, `.` and single dashes as they are: "--" could end an HTML comment."""
    kept = re.sub(r"[^A-Za-z0-9_.-]", lambda m: f"%{m[0].encode(errors='replace').hex()}", name)
    return kept.replace("--", "-%2d")
