"""An index out of the text; the options of both flavors, since rendering tells them apart."""

from __future__ import annotations

import re

from reconciler.ddl.quote import unquote_identifier, unquote_string
from reconciler.ddl.scan import NAME, STRING, closing_bracket, expect, not_understood
from reconciler.model.schema import Index, IndexKind, IndexPart

_HEAD = re.compile(rf"(?:(PRIMARY KEY)|((?:UNIQUE |FULLTEXT |SPATIAL |VECTOR )?KEY) ({NAME})) \(")
_COLUMN_PART = re.compile(rf"({NAME})(?:\((\d+)\))?( WITHOUT OVERLAPS)?( DESC)?([,)])")
_EXPRESSION_PART_END = re.compile(r"( DESC)?([,)])")
_OPTIONS = re.compile(
    r"(?: USING (BTREE|HASH|RTREE))?(?: KEY_BLOCK_SIZE=(\d+))?"
    rf"(?: COMMENT ({STRING}))?( /\*!80000 INVISIBLE \*/| IGNORED)?"
    rf"(?: /\*!80021 ENGINE_ATTRIBUTE ({STRING}) \*/)?"
    rf"(?: /\*!80021 SECONDARY_ENGINE_ATTRIBUTE ({STRING}) \*/)?"
    rf"(?: /\*!50100 WITH PARSER ({NAME}) \*/ | WITH PARSER ({NAME}))?"
    rf"((?: {NAME}=(?:{STRING}|[\w.]+))*)",
    re.DOTALL,
)
_OPTION = re.compile(rf" ({NAME})=({STRING}|[\w.]+)", re.DOTALL)


def read_index(text: str, at: int) -> tuple[Index, int]:
    head = expect(_HEAD, text, at)
    parts, period, end = _read_parts(text, head.end())
    match = expect(_OPTIONS, text, end)
    (
        using, block_size, comment, invisible, attribute, secondary_attribute,
        parser, mariadb_parser, options,
    ) = match.groups()  # fmt: skip
    parser = parser or mariadb_parser
    index = Index(
        name="PRIMARY" if head[1] else unquote_identifier(head[3]),
        kind=IndexKind(head[1] or head[2]),
        parts=parts,
        using=using,
        key_block_size=None if block_size is None else int(block_size),
        parser=None if parser is None else unquote_identifier(parser),
        comment="" if comment is None else unquote_string(comment),
        visible=invisible is None,
        engine_attribute=None if attribute is None else unquote_string(attribute),
        secondary_engine_attribute=(
            None if secondary_attribute is None else unquote_string(secondary_attribute)
        ),
        period=period,
        options=_read_engine_options(options) if options else (),
    )
    return index, match.end()


def _read_engine_options(text: str) -> tuple[tuple[str, str], ...]:
    """MariaDB's: ` `m`=8 `distance`=cosine`."""
    return tuple((unquote_identifier(name), value) for name, value in _OPTION.findall(text))


def _read_parts(text: str, at: int) -> tuple[tuple[IndexPart, ...], str | None, int]:
    parts = []
    period = None
    end = ","
    while end == ",":
        if match := _COLUMN_PART.match(text, at):
            name, length, is_period, descending, end = match.groups()
            if is_period:
                period = unquote_identifier(name)
            else:
                parts.append(
                    IndexPart(
                        column=unquote_identifier(name),
                        length=None if length is None else int(length),
                        descending=descending is not None,
                    )
                )
        else:
            part, match = _read_expression_part(text, at)
            parts.append(part)
            end = match[2]
        at = match.end()
    return tuple(parts), period, at


def _read_expression_part(text: str, at: int) -> tuple[IndexPart, re.Match[str]]:
    if not text.startswith("(", at):
        not_understood(text, at)
    closed = closing_bracket(text, at)
    match = expect(_EXPRESSION_PART_END, text, closed)
    expression = text[at + 1 : closed - 1]
    return IndexPart(expression=expression, descending=match[1] is not None), match
