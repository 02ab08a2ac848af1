"""What is no text becomes one."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.server import Flavor
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


def no_text_sql(as_bytes: str, charset: str | None, flavor: Flavor) -> str:
    """True for bytes that are none of the character set. MySQL looks at those of ascii only when
    they are written."""
    read = f"CAST(CONVERT({as_bytes} USING {charset}) AS BINARY)"
    is_none = f"NOT ({read} <=> {as_bytes})"
    if charset != "ascii" or flavor is not Flavor.MYSQL:
        return is_none
    # Each byte beyond ASCII is one character of latin1, and more than one byte of utf8mb4.
    in_utf8 = f"CONVERT(CONVERT({as_bytes} USING latin1) USING utf8mb4)"
    return f"LENGTH({in_utf8}) <> LENGTH({as_bytes})"


def printed_as_text(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    """The digits of bits, but in a TEXT of any size their bytes."""
    if old.family is Family.BIT and new.name in TEXT_BYTES:
        yield from _bytes_of_bits(value, new, change.settings.version.flavor)
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


def _bytes_of_bits(value: str, new: ColumnType, flavor: Flavor) -> Iterator[Unfit]:
    yield Unfit(
        kind=QuestionKind.CHARACTERS,
        what=f"bits whose bytes are no {new.charset} text",
        sql=no_text_sql(f"CAST({value} AS BINARY)", new.charset, flavor),
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
