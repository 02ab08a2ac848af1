"""Applies that the ledger knows no more: how many, and until when they had ended (RP-27)."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.ledger.model import Forgotten
from reconciler.plan import words
from reconciler.report import blocks
from reconciler.report.spans import Moment, Name, Text
from reconciler.report.times import moment


def forgotten_blocks(found: Iterable[Forgotten]) -> tuple[blocks.Paragraph, ...]:
    return tuple(
        blocks.Paragraph(
            text=(
                Name(one.keyspace),
                Text(f": {_how_many(one)}"),
                Moment(one.until_s),
                Text(_WHY),
            )
        )
        for one in found
    )


def forgotten_words(one: Forgotten) -> str:
    return f"{one.keyspace}: {_how_many(one)}{moment(one.until_s)}{_WHY}"


_WHY = " (`keep` of the spec's ledger)"


def _how_many(one: Forgotten) -> str:
    are = "is" if one.applies == 1 else "are"
    return f"{words.count(one.applies, 'older apply', 'older applies')} {are} forgotten, ended by "
