"""Names with capitals."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    if asked.table.name != asked.table.name.lower():
        yield Found(message="has capitals in its name", at=asked.table.at)
    for column in asked.table.columns if "columns" in asked.words("of") else ():
        if column.name != column.name.lower():
            yield Found(message="has capitals in its name", at=column.at, object=column.name)


RULE = Rule(
    name="name-case",
    severity=Severity.WARNING,
    reason="whether two names of tables are one depends on the server's file system",
    source="MySQL 8.4 manual, 11.2.3 (lower_case_table_names); Skeema name-case",
    check=_check,
    options={"of": ("tables",)},
)
