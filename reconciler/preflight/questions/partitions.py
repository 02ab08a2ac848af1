"""Rows that belong into no partition (1526), or into one that is given up with its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import ClauseKind
from reconciler.model.schema import Partition, Partitioning
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    Effect,
    KnownToHold,
    NotAskable,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
)
from reconciler.preflight.questions.as_written import evaluated

_METHOD = re.compile(r"(?P<kind>RANGE|LIST)\s*(?P<columns>COLUMNS)?\s*\((?P<by>.*)\)", re.DOTALL)
_LESS = re.compile(r"LESS THAN \((?P<bound>.*)\)", re.DOTALL)
_LISTED = re.compile(r"IN \((?P<values>.*)\)", re.DOTALL)
_NO_ORDER = "rows are given their partition in a way that no query here tells"


def finds_no_partition(change: Change) -> Iterator[Raised]:
    """By new partitions, or by those that stand and find another value in a row that is copied."""
    partitioning = change.after.partitioning if change.after else None
    if partitioning is None or not any(p.values_sql for p in partitioning.partitions):
        return
    is_new = any(change.context.of_kind(ClauseKind.PARTITION_BY))
    if is_new or (change.copies_rows and change.changes_meaning_of(_quoted(partitioning))):
        yield Raised(
            kind=QuestionKind.PARTITIONS,
            object=change.context.step.table,
            effect=Effect.FAILS,
            what="rows that no partition takes",
            question=_question(change, partitioning),
        )


def is_left_out(change: Change) -> Iterator[Raised]:
    """REORGANIZE PARTITION of a LIST goes through without the rows that the new lists lack."""
    partitioning = change.after.partitioning if change.after else None
    if partitioning is None or not partitioning.method_sql.strip().startswith("LIST"):
        return
    was = change.before.partitioning
    dropped = {
        name
        for clause in change.context.step.clauses
        if clause.kind is ClauseKind.DROP_PARTITION
        for name in clause.partitions
    }
    given_up = [p for p in (was.partitions if was else ()) if p.name in dropped]
    for _ in change.context.of_kind(ClauseKind.REORGANIZE_PARTITION):
        taken = replace(partitioning, partitions=(*partitioning.partitions, *given_up))
        yield Raised(
            kind=QuestionKind.PARTITIONS,
            object=change.context.step.table,
            effect=Effect.LOSES,
            what="rows that no partition takes, which are left out",
            question=_question(change, taken),
        )


def _quoted(partitioning: Partitioning) -> str:
    """With the names of columns in quotes, which a server may print without."""
    method = _METHOD.fullmatch(partitioning.method_sql.strip())
    if method is None or not method["columns"]:
        return partitioning.method_sql
    return ", ".join(map(quote_identifier, _names(method["by"])))


def _question(change: Change, partitioning: Partitioning) -> Question:
    method = _METHOD.fullmatch(partitioning.method_sql.strip())
    if method is None:
        return NotAskable(_NO_ORDER)
    by = _columns(change, method["by"]) if method["columns"] else _expression(change, method["by"])
    if by is None:
        return NotAskable("it is made of a column that the same plan adds or changes")
    if method["kind"] == "RANGE":
        return _beyond(by, partitioning.partitions[-1])
    return _unlisted(by, partitioning.partitions)


def _columns(change: Change, listed: str) -> list[str] | None:
    found = [evaluated(change, quote_identifier(name)) for name in _names(listed)]
    return None if None in found else [name for name in found if name is not None]


def _names(listed: str) -> list[str]:
    kinds = (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER)
    return [token.value for token in tokenize(listed) if token.kind in kinds]


def _expression(change: Change, text: str) -> list[str] | None:
    found = evaluated(change, text)
    return None if found is None else [f"({found})"]


def _beyond(by: Sequence[str], last: Partition) -> Question:
    """NULL goes into the lowest partition."""
    values = last.values_sql or ""
    if values in ("LESS THAN MAXVALUE", "LESS THAN (MAXVALUE)"):
        return KnownToHold("the last partition takes every value")
    bound = _LESS.fullmatch(values)
    bounds = _split(bound["bound"]) if bound else []
    if len(bounds) != len(by):
        return NotAskable(_NO_ORDER)
    ways = []
    for place, (name, value) in enumerate(zip(by, bounds, strict=True)):
        equal = [f"{by[n]} = {bounds[n]}" for n in range(place)]
        if value == "MAXVALUE":  # nothing reaches it
            break
        sign = ">=" if place == len(by) - 1 else ">"
        ways.append(" AND ".join([*equal, f"{name} {sign} {value}"]))
    if not ways:
        return KnownToHold("the last partition takes every value")
    return RowCondition("(" + " OR ".join(f"({way})" for way in ways) + ")")


def _unlisted(by: Sequence[str], partitions: Sequence[Partition]) -> Question:
    """NULL is taken only where it is listed."""
    if any(partition.values_sql == "DEFAULT" for partition in partitions):
        return KnownToHold("a partition takes all other values")
    listed = [_LISTED.fullmatch(partition.values_sql or "") for partition in partitions]
    if len(by) != 1 or None in listed:
        return NotAskable(_NO_ORDER)
    values = [value for one in listed if one is not None for value in _split(one["values"])]
    given = [value for value in values if value.upper() != "NULL"]
    takes_null = len(given) < len(values)
    missing = f"{by[0]} NOT IN ({', '.join(given)})" if given else f"{by[0]} IS NOT NULL"
    return RowCondition(missing if takes_null else f"({by[0]} IS NULL OR {missing})")


def _split(text: str) -> list[str]:
    """At the commas that stand in no brackets."""
    parts, begin, depth = [], 0, 0
    for token in tokenize(text):
        depth += token.is_punctuation("(") - token.is_punctuation(")")
        if token.is_punctuation(",") and depth == 0:
            parts.append(text[begin : token.offset].strip())
            begin = token.offset + 1
    return [*parts, text[begin:].strip()]
