"""Whole schemas in the style of well-known products, and every change from one state to another.

A file of `tests/cases/products/` is a schema: statements, each ended by a semicolon at the end of
a line; files named `<product>-<state>.sql` are states of one product. From each file other states
are made by rewriting its text, the way a team rewrites a schema all at once.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping

from tests.integration.convergence import End
from tests.sections import CASES

FOLDER = CASES / "products"


def product_pairs() -> Iterator[tuple[str, End, End]]:
    """States of one product in each combination; each file and its rewritten states; each file and
    the next one, whose tables are others."""
    texts = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.sql"))}
    ends = {name: _end(_statements(text)) for name, text in texts.items()}
    for one, other in itertools.combinations(ends, 2):
        if one.split("-")[0] == other.split("-")[0]:
            yield f"{one} to {other}", ends[one], ends[other]
    for name, text in texts.items():
        for word, rewrite in _REWRITES.items():
            rewritten = _end(rewrite(_statements(text)))
            if rewritten != ends[name]:
                yield f"{name} {word}", ends[name], rewritten
    for one, other in itertools.pairwise(ends):
        if one.split("-")[0] != other.split("-")[0]:
            yield f"{one} to {other}", ends[one], ends[other]


def product_statements() -> Iterator[str]:
    """Every statement of every product's file."""
    for path in sorted(FOLDER.glob("*.sql")):
        yield from _statements(path.read_text())


def _statements(text: str) -> list[str]:
    found, lines = list[str](), list[str]()
    for line in text.splitlines():
        if not line.strip() or line.startswith("--"):
            continue
        lines.append(line)
        if line.rstrip().endswith(";"):
            found.append("\n".join(lines).rstrip().removesuffix(";"))
            lines = []
    assert not lines, f"no semicolon ends: {lines}"
    return found


def _end(statements: list[str]) -> End:
    # Products of those days set no mode that would refuse their zero dates.
    return End(statements=("SET foreign_key_checks = 0, sql_mode = ''", *statements))


def _replaced(pattern: str, by: str) -> Callable[[list[str]], list[str]]:
    return lambda statements: [
        re.sub(pattern, by, text, flags=re.IGNORECASE | re.MULTILINE) for text in statements
    ]


def _without_foreign_keys(statements: list[str]) -> list[str]:
    kept = [text for text in statements if "ADD CONSTRAINT" not in text]
    return _replaced(r",\n  (CONSTRAINT \w+ )?FOREIGN KEY[^\n]*?(?=,?$)", "")(kept)


def _without_every_second_table(statements: list[str]) -> list[str]:
    names = [m[1] for text in statements if (m := re.match(r"CREATE TABLE (\w+)", text))]
    gone = set(names[1::2])
    return [
        text
        for text in _without_foreign_keys(statements)
        if not any(re.search(rf"\b(TABLE|ON) {name}\b", text) for name in gone)
    ]


def _columns_turned(statements: list[str]) -> list[str]:
    """The last column first."""

    def turned(text: str) -> str:
        lines = text.split("\n")
        last = max(
            (n for n, line in enumerate(lines) if _COLUMN.match(line) and line.endswith(",")),
            default=0,
        )
        if last < 2 or "GENERATED" in lines[last]:
            return text
        return "\n".join([lines[0], lines[last], *lines[1:last], *lines[last + 1 :]])

    return [turned(text) for text in statements]


_COLUMN = re.compile(
    r"  (?!PRIMARY|UNIQUE|KEY|INDEX|FULLTEXT|SPATIAL|CONSTRAINT|FOREIGN|PARTITION|CHECK)\w+ \w",
    re.IGNORECASE,
)
_REWRITES: Mapping[str, Callable[[list[str]], list[str]]] = {
    "in utf8mb4": _replaced(
        r"\b(CHARSET=|CHARACTER SET |COLLATE[ =])(utf8|latin1)(?=\b|_)", r"\1utf8mb4"
    ),
    "in latin1": _replaced(r"\b(CHARSET=)(utf8|utf8mb4|binary)( COLLATE=\w+)?$", r"\1latin1"),
    "on InnoDB": _replaced(r"ENGINE=\w+", "ENGINE=InnoDB"),
    "on MyISAM": _replaced(r"ENGINE=(InnoDB|MEMORY)", "ENGINE=MyISAM"),
    "with wide integers": _replaced(r"\b(int|integer|mediumint|smallint)\b", "bigint"),
    "nullable": _replaced(r"\bNOT NULL\b(?! auto_increment)(?! PRIMARY)", ""),
    "compressed": _replaced(r"ENGINE=InnoDB", "ENGINE=InnoDB ROW_FORMAT=COMPRESSED"),
    "without foreign keys": _without_foreign_keys,
    "without every second table": _without_every_second_table,
    "without secondary keys": _replaced(r"^  (KEY|INDEX|FULLTEXT KEY)[^\n]*,\n", ""),
    "without comments": _replaced(r" COMMENT ?=? ?'[^']*'", ""),
    "with cascades": _replaced(r" ON DELETE [A-Z]+( ON UPDATE [A-Z]+)?", " ON UPDATE CASCADE"),
    "with columns turned": _columns_turned,
    "with other key names": _replaced(r"^  (KEY|INDEX|UNIQUE KEY) (\w+) \(", r"  \1 ix_\2 ("),
    "partitioned": _replaced(
        r"(ENGINE=InnoDB[^\n]*COLLATE utf8_bin|ENGINE=InnoDB DEFAULT CHARSET=binary)$",
        r"\1\nPARTITION BY KEY () PARTITIONS 3",
    ),
}
