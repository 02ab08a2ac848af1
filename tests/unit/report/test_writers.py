"""Whatever stands in a document, its writers make it harmless: every string of every block."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections import Counter
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from markdown_it import MarkdownIt

from reconciler.errors import Location
from reconciler.report import blocks
from reconciler.report.document import Document, Marker, NextStep, Report, Title
from reconciler.report.spans import Span
from reconciler.report.style import Style
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from tests.unit.report.test_neutral import prose_in, tokens_in

pytestmark = pytest.mark.invariant("RP-6")

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

WIDE = Style(width_chars=100_000)  # what is a line then is one of the writer's
HOSTILE = (
    "evil\x1b[31m\u202e\r\n::error::owned\n#owned|`**_a_**`[x](//y)<b>-->"
    "@org/team #1 :tada: www.y.z"
)
BENIGN = "e" * len(HOSTILE)

# Words from closed lists of ours: no text of anybody's can come here.
CLOSED = {"sign", "language", "topic"}


def filled(kind: Any, text: str) -> Any:
    """A value of `kind` in which every string is `text`."""
    if kind is str:
        return text
    if kind in (int, float):
        return kind(7)
    if kind is bool:
        return True
    if kind is Location:
        return Location(path=text, line=7)
    if kind is blocks.Cut:
        return blocks.KEPT
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if get_origin(kind) in (types.UnionType, typing.Union):
        return filled(get_args(kind)[0], text)
    if get_origin(kind) is tuple:
        return tuple(item for arm in get_args(kind) for item in items(arm, text))
    hints = get_type_hints(kind)
    return kind(
        **{
            field.name: "=" if field.name in CLOSED else filled(hints[field.name], text)
            for field in dataclasses.fields(kind)
        }
    )


def items(kind: Any, text: str) -> tuple[Any, ...]:
    """Of what a tuple may hold one of each kind."""
    if kind is Ellipsis:
        return ()
    arms = get_args(kind) if get_origin(kind) in (types.UnionType, typing.Union) else (kind,)
    return tuple(filled(arm, text) for arm in arms)


@cache
def documents(text: str) -> dict[str, Document]:
    """One for each kind of block, and one of all that stands around blocks."""
    found = {
        kind.__name__: Document(reports=(Report(title=None, blocks=(filled(kind, text),)),))
        for kind in get_args(blocks.Block)
    }
    for kind in blocks.ReasonKind:
        reasons = dataclasses.replace(filled(blocks.Reasons, text), kind=kind)
        found[kind] = Document(reports=(Report(title=None, blocks=(reasons,)),))
    refused = dataclasses.replace(filled(blocks.Danger, text), allowed=None)
    statements = filled(blocks.Statements, text)
    statement = dataclasses.replace(statements.statements[0], dangers=(refused,))
    forbidden = dataclasses.replace(statements, statements=(statement,))
    found["forbidden"] = Document(reports=(Report(title=None, blocks=(forbidden,)),))
    planned = dataclasses.replace(statements, states=())
    found["planned"] = Document(reports=(Report(title=None, blocks=(planned,)),))
    quiet = dataclasses.replace(filled(blocks.Paragraph, text), is_alert=False)
    found["quiet"] = Document(reports=(Report(title=None, blocks=(quiet,)),))
    frame = Report(
        title=filled(Title, text),
        marker=filled(Marker, text),
        plan_id=text,
        next_steps=(filled(NextStep, text),),
    )
    several = dataclasses.replace(frame, next_steps=frame.next_steps * 2)
    found["frame"] = Document(reports=(frame,), closing=filled(tuple[Span, ...], text))
    found["several steps"] = Document(reports=(several,), marker=filled(Marker, text))
    return found


@pytest.mark.parametrize("name", documents(BENIGN))
def test_nothing_in_a_terminal_hides_or_fakes_a_line(name: str) -> None:
    said = write_text(documents(HOSTILE)[name], WIDE)
    assert not {"\x1b", "\u202e", "\r"} & set(said)
    assert not [line for line in said.split("\n") if line.startswith(("::", "#"))]
    benign = write_text(documents(BENIGN)[name], WIDE)
    if name not in HOLDS_SQL:  # whose own line ends stay
        assert said.count("\n") == benign.count("\n")


HOLDS_SQL = {
    "Statements",
    "planned",
    "forbidden",
    "Groups",
    "Steps",
    "Shards",
    "Reasons",
    *blocks.ReasonKind,
}


@pytest.mark.parametrize("name", documents(BENIGN))
def test_nothing_in_markdown_begins_or_ends_an_element(name: str) -> None:
    said = write_markdown(documents(HOSTILE)[name])
    assert not {"\x1b", "\u202e", "\r"} & set(said)
    assert elements(said) == elements(write_markdown(documents(BENIGN)[name]))
    for trigger in ("@org", "#1", ":tada:", "www.y"):
        assert trigger not in prose_in(tokens_in(said))


def elements(markdown: str) -> Counter[str]:
    """How many of each kind there are; code with a pipe or a backtick in it is HTML."""
    found: Counter[str] = Counter()
    for block in GFM.parse(markdown):
        if block.type != "inline":
            found[block.type] += 1
        for token in block.children or ():
            if token.type not in ("text", "text_special", "code_inline", "html_inline"):
                found[token.type] += 1
            elif token.type == "html_inline" and token.content not in ("<code>", "</code>"):
                found[token.content] += 1
    return found


def test_a_block_without_a_document_here_would_be_untried() -> None:
    assert {kind.__name__ for kind in get_args(blocks.Block)} <= set(documents(BENIGN))
