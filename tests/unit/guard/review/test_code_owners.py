"""Which line of a CODEOWNERS file speaks about a path."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import InvalidInput, Location
from reconciler.guard.limits import CODE_OWNERS_LINES_MAX, CODE_OWNERS_PATTERN_CHARS_MAX
from reconciler.guard.review.code_owners import OwnedBy, owners_of, parse_code_owners
from tests.series import examples


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


def as_expression(pattern: str) -> str:
    """The same in regular expressions, which go back and forth in a path."""
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.findall(r"\*\*/|\*\*|\*|\?|.", pattern.strip("/"))
    before = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    after = "/.*" if pattern.endswith("/") else "" if pattern.endswith("/*") else "(?:/.*)?"
    return before + "".join(known.get(piece) or re.escape(piece) for piece in pieces) + after


@given(st.text("ab/*?", min_size=1, max_size=8), st.text("ab/", min_size=1, max_size=8))
@examples(times=10)
def test_a_pattern_means_what_its_expression_means(pattern: str, path: str) -> None:
    owned = re.fullmatch(as_expression(pattern), path) is not None
    assert owners_of(path, (OwnedBy(pattern=pattern, owners=("@dba",)),)) == (
        ("@dba",) if owned else ()
    )


@pytest.mark.threat("TM-FORGER-14")
@pytest.mark.invariant("RV-3")
@pytest.mark.parametrize("piece", ["*a", "**a", "**/a", "a*/**/*", "?*a*?", "**/**"])
def test_many_stars_take_no_longer_than_few(piece: str) -> None:
    lines = (OwnedBy(pattern=f"{piece * 2_000}b", owners=("@dba",)),)
    before_s = time.process_time()
    assert owners_of("a/" * 150 + "a" * 200, lines) == ()
    assert time.process_time() - before_s < 5


@pytest.mark.threat("TM-FORGER-14")
@pytest.mark.invariant("FB-1")
@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("/a @a\n" * (CODE_OWNERS_LINES_MAX + 1), CODE_OWNERS_LINES_MAX + 1, "patterns"),
        ("# all\n" + "*a" * CODE_OWNERS_PATTERN_CHARS_MAX + " @a\n", 2, "characters"),
    ],
)
def test_more_than_can_be_asked_is_refused_and_not_left_out(text: str, line: int, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        parse_code_owners(text, ".github/CODEOWNERS")
    (problem,) = refused.value.problems
    assert (problem.code, problem.where) == (
        "code-owners-too-large",
        Location(path=".github/CODEOWNERS", line=line),
    )


def test_as_many_lines_as_there_may_be_are_asked_in_bounded_time() -> None:
    longest = "*a" * (CODE_OWNERS_PATTERN_CHARS_MAX // 2)
    lines = parse_code_owners(f"{longest}\n" + "**/*x*?*y @a\n" * (CODE_OWNERS_LINES_MAX - 1))
    begun_s = time.process_time()
    assert owners_of("schemas/shop/" + "a" * 100 + ".sql", lines) == ()
    assert time.process_time() - begun_s < 5
