"""PARTITION BY out of the text.

Methods and values are kept as printed: the server has evaluated what there was to evaluate.
"""

from __future__ import annotations

import re

from reconciler.ddl.quote import unquote_identifier
from reconciler.ddl.scan import NAME, STRING, closing_bracket, expect
from reconciler.model.schema import Partition, Partitioning
from reconciler.model.server import Flavor

_START = {
    Flavor.MYSQL: re.compile(r"\n/\*!(?:50100|50500) PARTITION BY "),
    Flavor.MARIADB: re.compile(r"\n PARTITION BY "),
}
_SUBPARTITION_BY = re.compile(r"\nSUBPARTITION BY ")
_SUBPARTITIONS = re.compile(r"(?:\nSUBPARTITIONS (\d+))?")
_PARTITIONS = re.compile(r"(?:\nPARTITIONS (\d+))?")
_METHOD = re.compile(
    r"(?:(?:LINEAR )?(?:HASH|KEY)|RANGE|LIST)"
    r"(?: \*/ /\*!50611 ALGORITHM = \d \*/ /\*!50100| ALGORITHM = \d)?(?:  COLUMNS| )?(?=\()"
    r"|SYSTEM_TIME [^\n]*"
)
_COMMENT_BREAKS = re.compile(r" \*/ /\*!50611 (ALGORITHM = \d) \*/ /\*!50100")
# MySQL quotes a partition's name only where it is a keyword or holds unusual characters.
_PARTITION = re.compile(rf"(SUB)?PARTITION ({NAME}|[\w$]+)")
_VALUES = re.compile(
    r" (?:VALUES (LESS THAN MAXVALUE|(?:LESS THAN|IN) (?=\())|(DEFAULT|HISTORY|CURRENT))"
)
_OPTION = re.compile(
    r" (TABLESPACE|NODEGROUP|MAX_ROWS|MIN_ROWS|DATA DIRECTORY|INDEX DIRECTORY|COMMENT|ENGINE) = "
    rf"({NAME}|{STRING}|\w+)",
    re.DOTALL,
)
_LIST = "\n("
_SUBLIST = "\n ("


def read_partitioning(text: str, at: int, flavor: Flavor) -> tuple[Partitioning | None, int]:
    start = _START[flavor].match(text, at)
    if start is None:
        return None, at
    method_sql, at = _read_method(text, start.end())
    subpartition_sql = None
    if match := _SUBPARTITION_BY.match(text, at):
        subpartition_sql, at = _read_method(text, match.end())
    subcount = expect(_SUBPARTITIONS, text, at)
    count = expect(_PARTITIONS, text, subcount.end())
    at = count.end()
    partitions: tuple[Partition, ...] = ()
    if text.startswith(_LIST, at):
        partitions, at = _read_list(text, at + len(_LIST), ",\n ")
    partitioning = Partitioning(
        method_sql=method_sql,
        count=None if count[1] is None else int(count[1]),
        subpartition_sql=subpartition_sql,
        subpartition_count=None if subcount[1] is None else int(subcount[1]),
        partitions=partitions,
    )
    if flavor is Flavor.MYSQL:
        at += len(" */")  # the comment's end; the round trip compares it
    return partitioning, at


def _read_method(text: str, at: int) -> tuple[str, int]:
    match = expect(_METHOD, text, at)
    end = match.end()
    if text.startswith("(", end):
        end = closing_bracket(text, end)
    return _COMMENT_BREAKS.sub(r" \1", text[at:end]), end


def _read_list(text: str, at: int, separator: str) -> tuple[tuple[Partition, ...], int]:
    partitions = []
    while True:
        partition, at = _read_partition(text, at)
        partitions.append(partition)
        if not text.startswith(separator, at):
            return tuple(partitions), at + len(")")
        at += len(separator)


def _read_partition(text: str, at: int) -> tuple[Partition, int]:
    head = expect(_PARTITION, text, at)
    at = head.end()
    values_sql = None
    if values := _VALUES.match(text, at):
        start, at = values.start(1) if values[1] else values.start(2), values.end()
        if text.startswith("(", at):
            at = closing_bracket(text, at)
        values_sql = text[start:at]
    options = []
    while option := _OPTION.match(text, at):
        options.append((option[1], option[2]))
        at = option.end()
    subpartitions: tuple[Partition, ...] = ()
    if text.startswith(_SUBLIST, at):
        subpartitions, at = _read_list(text, at + len(_SUBLIST), ",\n  ")
    partition = Partition(
        name=unquote_identifier(head[2]),
        quoted=head[2].startswith("`"),
        values_sql=values_sql,
        options=tuple(options),
        subpartitions=subpartitions,
    )
    return partition, at
