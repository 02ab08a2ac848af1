"""Foreign text inside Markdown: it shows, and does nothing (RP-6).

Three forms. `code_span` for names, `prose` for sentences that hold names, `fenced` for SQL. In each
one the text can neither end its element nor start another: no link, image, HTML, mention, issue
reference, emoji code, formula or table cell. Reading what a site renders: its mention and reference
filters work on rendered text and skip code, so escaping alone does not stop them; a WORD JOINER,
which is not seen, does.
"""

from __future__ import annotations

import re
import string

from reconciler.plan.visible import visible_block, visible_line

NAME_CHARS_MAX = 200
SENTENCE_CHARS_MAX = 1_000

_WORD_JOINER = "\u2060"

# What Markdown or HTML reads as syntax inside a line, as character references.
_SYNTAX = str.maketrans({c: f"&#{ord(c)};" for c in "\\`*[]<>&|~$"})

_PUNCTUATION = str.maketrans({c: f"&#{ord(c)};" for c in string.punctuation})

# `_` between letters and digits is text to GitHub; elsewhere it may open emphasis.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

# @user, #12, GH-12, https:, :emoji:, www.host: cut after the sign that starts them.
_TRIGGER = re.compile(r"[@#:](?=[\w/+-]|\Z)|\b(?:GH-|www(?=\.))", re.IGNORECASE)

# Lists, headings, quotes, rules: what means something at the start of a line only.
_LINE_STARTER = re.compile(r"[-+=#>:]|\d+(?=[.)])")


def code_span(text: str) -> str:
    """A name as inline code; safe in table cells as well, where a pipe would end the cell."""
    shown = visible_line(text, limit_chars=NAME_CHARS_MAX)
    if not shown.strip():
        shown = f"'{shown}'"
    if "|" in shown or "`" in shown:
        return f"<code>{html_text(shown)}</code>"
    if shown[0] == shown[-1] == " ":  # of these Markdown takes one from either end
        shown = f" {shown} "
    return f"`{shown}`"


def prose(text: str, *, limit_chars: int = SENTENCE_CHARS_MAX) -> str:
    """A sentence as itself, on one line, wherever on a line it stands."""
    shown = _TRIGGER.sub(rf"\g<0>{_WORD_JOINER}", visible_line(text, limit_chars=limit_chars))
    shown = _EMPHASIS.sub("&#95;", shown.strip().translate(_SYNTAX))
    if starter := _LINE_STARTER.match(shown):
        return "".join(f"&#{ord(c)};" for c in starter[0]) + shown[starter.end() :]
    return shown


def fenced(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any run of backticks inside."""
    body = visible_block(text)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def html_text(text: str) -> str:
    """Text inside an HTML element on one line, where Markdown still looks for its own syntax."""
    return visible_line(text, limit_chars=NAME_CHARS_MAX).translate(_PUNCTUATION)


def marker(topic: str, environment: str, keyspace: str) -> str:
    """The hidden first line by which a comment is found again, to be edited in place: the reports
    of one change, from plan to apply, share a topic and so a comment."""
    return f"{_marker_start(topic)}{_in_comment(environment)}/{_in_comment(keyspace)} -->"


def is_marker(line: str, topic: str) -> bool:
    return line.startswith(_marker_start(topic))


def _marker_start(topic: str) -> str:
    return f"<!-- reconciler {topic} "


def _in_comment(name: str) -> str:
    """Letters, digits, `_`, `.` and single dashes as they are: "--" could end an HTML comment."""
    kept = re.sub(r"[^A-Za-z0-9_.-]", lambda m: f"%{m[0].encode(errors='replace').hex()}", name)
    return kept.replace("--", "-%2d")
