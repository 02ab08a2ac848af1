"""Foreign text in Markdown shows and does nothing, whatever it is made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.plan.visible import visible_block, visible_line
from reconciler.report.spans import Command, Link, Name, Span, Strong, Text
from reconciler.report.write.neutral import fenced, inline, marker

pytestmark = pytest.mark.invariant("RP-6")

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

# Syntax is likelier to be hit by texts made of syntax.
syntax = st.text(st.sampled_from("`*_[]()<>!|~\\&#@:$-+=.1 a\n/w"), max_size=30)
hostile = st.one_of(syntax, st.text(st.characters(), max_size=40))

EXAMPLES = (
    "``` \n# owned",
    "-->",
    "@org/team",
    "#1",
    "GH-12",
    "https://example.com",
    "www.example.com",
    ":white_check_mark:",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![](http://example.com/pixel)",
    "  1 ",
    "a | b | c",
    "$x$",
    "&lt;b&gt;",
    "1. one",
    "- item",
    "# title",
    "> quote",
    "===",
    "\u202egnp.exe",
    "a\\|b",
    "`",
    "``",
    "\\",
    "",
    " ",
)

encodable = st.text(st.characters(exclude_categories=["Cs"]))


def prose(text: str) -> str:
    return inline((Text(text),))


def code_span(text: str) -> str:
    return inline((Name(text),))


def tokens_in(markdown: str) -> list[Token]:
    flat: list[Token] = []
    for token in GFM.parse(markdown):
        flat += token.children or [] if token.type == "inline" else [token]
    return flat


def text_of(tokens: list[Token]) -> str:
    return "".join(t.content for t in tokens if t.type in ("text", "code_inline", "text_special"))


def prose_in(tokens: list[Token]) -> str:
    """What a site looks through for mentions, references and addresses: not code."""
    shown, in_code = "", False
    for token in tokens:
        if token.type == "html_inline":
            in_code = token.content == "<code>"
        elif token.type in ("text", "text_special") and not in_code:
            shown += token.content
    return shown


def with_examples(test: Callable[..., None]) -> Callable[..., None]:
    for text in EXAMPLES:
        test = example(text)(test)
    return test


@with_examples
@given(hostile)
def test_prose_is_one_paragraph_of_text(text: str) -> None:
    tokens = tokens_in(f"- **x** {prose(text)} end\n")
    assert {token.type for token in tokens} <= {
        "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
        "paragraph_open", "paragraph_close", "strong_open", "strong_close", "text", "text_special",
    }  # fmt: skip
    shown = text_of(tokens).replace("\u2060", "")
    assert shown.split() == ["x", *visible_line(text, limit_chars=1_000).split(), "end"]


@with_examples
@given(hostile)
def test_prose_at_the_start_of_a_line_is_still_text(text: str) -> None:
    tokens = tokens_in(f"{prose(text)}\n")
    assert {token.type for token in tokens} <= {
        "paragraph_open", "paragraph_close", "text", "text_special",
    }  # fmt: skip


@with_examples
@given(hostile)
def test_prose_holds_nothing_that_a_site_turns_into_a_link(text: str) -> None:
    shown = unescape(prose(text))
    for trigger in (r"@[\w-]", r"#\d", r"\bGH-\d", r"://", r"\bwww\.", r":\w+:"):
        assert not re.search(trigger, shown, re.IGNORECASE), trigger


def hostile_spans() -> st.SearchStrategy[tuple[Span, ...]]:
    kinds = st.sampled_from((Text, Name, Command, Strong, Link))
    return st.lists(st.builds(lambda kind, text: kind(text), kinds, hostile)).map(tuple)


@given(hostile_spans())
@example((Text("www"), Text(".example.com")))
@example((Text("GH"), Text("-12")))
@example((Text("@"), Text("org")))
@example((Text("1"), Text(". one")))
@example((Text(" "), Text("# title")))
def test_spans_side_by_side_are_what_they_are_alone(spans: tuple[Span, ...]) -> None:
    """What one begins the next does not end."""
    tokens = tokens_in(f"{inline(spans)}\n")
    assert {token.type for token in tokens} <= {
        "paragraph_open", "paragraph_close", "text", "text_special", "code_inline", "html_inline",
        "strong_open", "strong_close",
    }  # fmt: skip
    allowed = ["<code>", "</code>"]
    assert all(t.content in allowed for t in tokens if t.type == "html_inline")
    for trigger in (r"@[\w-]", r"#\d", r"\bGH-\d", r"\bwww\."):
        assert not re.search(trigger, prose_in(tokens), re.IGNORECASE), trigger


@with_examples
@given(hostile)
def test_a_code_span_is_one_element_in_one_table_cell(text: str) -> None:
    tokens = tokens_in(f"| a | b |\n| --- | --- |\n| {code_span(text)} | end |\n")
    assert [t.type for t in tokens].count("td_open") == 2
    assert [t.content for t in tokens if t.type == "html_inline"] in ([], ["<code>", "</code>"])
    allowed = {"text", "text_special", "code_inline", "html_inline"}
    inline = {t.type for t in tokens if t.nesting == 0}
    assert inline <= allowed
    shown = visible_line(text, limit_chars=200).strip() or f"'{visible_line(text)}'"
    assert text_of(tokens) in (f"ab{shown}end", f"ab{visible_line(text, limit_chars=200)}end")


@with_examples
@given(hostile)
def test_a_fence_holds_its_text_and_nothing_leaves_it(text: str) -> None:
    tokens = tokens_in(f"before\n\n{fenced(text, 'sql')}\n\nafter\n")
    assert [t.type for t in tokens if t.type in ("fence", "html_block", "heading_open")] == [
        "fence"
    ]
    fence = next(token for token in tokens if token.type == "fence")
    assert fence.content == visible_block(text) + "\n"


@with_examples
@given(hostile)
def test_a_marker_is_one_comment_and_tells_names_apart(text: str) -> None:
    line = marker("change", text, "commerce")
    assert re.fullmatch(r"<!-- reconciler change [A-Za-z0-9_.%/-]* -->", line)
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")
    assert [t.type for t in tokens_in(line + "\n")] == ["html_block"]


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_two_keyspaces_never_share_a_marker(one: str, other: str) -> None:
    assert (marker("change", "e", one) == marker("change", "e", other)) is (one == other)


def test_ordinary_sentences_stay_readable() -> None:
    sentence = "table users: column note_2 is varchar(500), 3 of 4 shards; 50% done"
    assert prose(sentence) == sentence
