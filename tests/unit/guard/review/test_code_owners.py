"""Which line of a CODEOWNERS file speaks about a path."""

from __future__ import annotations

import pytest

from reconciler.guard.review.code_owners import owners_of, parse_code_owners


@pytest.mark.parametrize(
    ("pattern", "path", "owned"),
    [
        ("*", "schemas/shop/a.sql", True),
        ("*.sql", "schemas/shop/a.sql", True),
        ("*.sql", "schemas/shop/a.sqlx", False),
        ("/*.sql", "schemas/shop/a.sql", False),
        ("schemas/", "schemas/shop/a.sql", True),
        ("schemas/", "old/schemas/a.sql", True),
        ("/schemas/", "old/schemas/a.sql", False),
        ("/schemas", "schemas/shop/a.sql", True),
        ("schemas/shop", "schemas/shop/a.sql", True),
        ("schemas/shop", "schemas/shopping/a.sql", False),
        ("schemas/*", "schemas/a.sql", True),
        ("schemas/*", "schemas/shop/a.sql", False),
        ("schemas/**", "schemas/shop/a.sql", True),
        ("/plans/**/shop.plan.json", "plans/shop.plan.json", True),
        ("/plans/**/shop.plan.json", "plans/a/b/shop.plan.json", True),
        ("**/shop", "schemas/shop/a.sql", True),
        ("a?.sql", "ab.sql", True),
        ("a?.sql", "a/.sql", False),
        ("a.sql", "aXsql", False),
        ("my\\ schemas/", "my schemas/a.sql", True),
        ("\\#odd/", "#odd/a.sql", True),
    ],
)
def test_a_pattern_and_a_path(pattern: str, path: str, owned: bool) -> None:
    lines = parse_code_owners(f"{pattern} @dba")
    assert owners_of(path, lines) == (("@dba",) if owned else ())


def test_the_last_line_that_matches_wins_and_may_name_nobody() -> None:
    lines = parse_code_owners("# all\n* @a @b # both\n\n/schemas/ @c\n/schemas/free/\n")
    assert owners_of("README.md", lines) == ("@a", "@b")
    assert owners_of("schemas/x.sql", lines) == ("@c",)
    assert owners_of("schemas/free/x.sql", lines) == ()
