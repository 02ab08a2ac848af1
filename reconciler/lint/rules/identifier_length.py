"""Names that leave no room for what engines put behind them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    most, length = asked.number("most"), len(asked.table.name)
    if length > most:
        yield Found(
            message=f"has a name of {length} characters, more than {most}", at=asked.table.at
        )


RULE = Rule(
    name="identifier-length",
    severity=Severity.WARNING,
    reason="an engine names its copy after the table, and a server takes 64 characters",
    source="the copies of gh-ost and Spirit: `_x_gho`, `_x_ghc`, `_x_new`, `_x_chkpnt`",
    check=_check,
    options={"most": 56},
)
