"""What is no text becomes one."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.plan.hazards.charset import holds_every_character
from reconciler.plan.hazards.column_type import (
    TEXT_BYTES,
    ColumnType,
    Family,
    fixed_or_longest,
)
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, QuestionKind
from reconciler.preflight.questions.of_values import Unfit

_WITH_TEXTS = frozenset({Family.JSON, Family.ENUM, Family.SET})


def printed_as_text(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    """The digits of bits, but in a TEXT of any size their bytes."""
    if old.family is Family.BIT and new.name in TEXT_BYTES:
        yield from _bytes_of_bits(value, new)
        return
    if old.name == "float":
        yield Unfit(
            kind=QuestionKind.CONVERSION,
            what="numbers that lose their last digits",
            sql=f"CAST(CONCAT({value}) AS FLOAT) <> {value}",
            effect=Effect.LOSES,
        )
    text = f"CONVERT({value} USING utf8mb4)"
    if old.family in _WITH_TEXTS and not holds_every_character("utf8mb4", new.charset):
        back = f"CONVERT(CONVERT({text} USING {new.charset}) USING utf8mb4)"
        yield Unfit(
            kind=QuestionKind.CHARACTERS,
            what=f"values with characters that {new.charset} does not have",
            sql=f"CAST({back} AS BINARY) <> CAST({text} AS BINARY)",
        )
    limit_bytes = TEXT_BYTES.get(new.name)
    if limit_bytes is None:
        limit = fixed_or_longest(new)
        printed = f"({value} + 0)" if old.family is Family.BIT else value
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"values whose text has more than {limit} characters",
            sql=f"CHAR_LENGTH(CAST({printed} AS CHAR)) > {limit}",
        )
    elif limit_bytes < TEXT_BYTES["longtext"]:
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"values whose text has more than {limit_bytes} bytes",
            sql=f"LENGTH(CONVERT(CAST({value} AS CHAR) USING {new.charset})) > {limit_bytes}",
        )


def _bytes_of_bits(value: str, new: ColumnType) -> Iterator[Unfit]:
    as_bytes = f"CAST({value} AS BINARY)"
    yield Unfit(
        kind=QuestionKind.CHARACTERS,
        what=f"bits whose bytes are no {new.charset} text",
        sql=f"NOT (CAST(CONVERT({as_bytes} USING {new.charset}) AS BINARY) <=> {as_bytes})",
    )
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what="bits whose bytes are taken for a text",
        sql=f"{value} IS NOT NULL",
        effect=Effect.LOSES,
    )


PRINTED_RULES = {
    (Family.JSON, Family.TEXT): printed_as_text,
    (Family.ENUM, Family.TEXT): printed_as_text,
    (Family.SET, Family.TEXT): printed_as_text,
}
