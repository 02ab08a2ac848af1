"""What computes with what is read from the expressions' own text."""

from __future__ import annotations

import pytest

from reconciler.diff.dependants import columns_used, computing_with


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("(`a` + 1)", {"a"}),
        ("concat(`A`,_utf8mb4'`b` it\\'s',`c`)", {"a", "c"}),
        ("(`a``b` > 'it''s `c`')", {"a`b"}),
        ("uuid()", set()),
    ],
)
def test_columns_are_what_stands_in_backquotes_outside_strings(
    expression: str, columns: set[str]
) -> None:
    assert columns_used(expression) == columns


def test_what_computes_with_a_column_is_found_through_others() -> None:
    expressions = {"a": "", "b": "(`a` + 1)", "c": "(`b` + 1)", "d": "(`x` + 1)"}
    assert computing_with(expressions, frozenset({"a"})) == {"b", "c"}
    assert computing_with(expressions, frozenset()) == frozenset()
