"""What `make quick` leaves out is part of a series whose other cases it runs."""

from __future__ import annotations

import ast

from hypothesis import settings

from tests.series import QUICK_EVERY, series, share
from tests.tidy.source import ROOT, name_of, nodes, python_files, relative


def test_no_test_is_left_out_whole() -> None:
    """Only `series` marks, and never the first case."""
    marking = {
        relative(path)
        for path in python_files(ROOT / "tests")
        for node in nodes(path, ast.Attribute)
        if node.attr == "long" and name_of(node.value) == "mark"
    }
    assert marking == {"tests/series.py"}
    assert [bool(case.marks) for case in series(range(8))] == [False, *[True] * 6, False]
    assert [case.values for case in series([1, (2, "b")])] == [(1,), (2, "b")]


def test_of_moments_before_and_after_an_effect_both_are_kept() -> None:
    assert QUICK_EVERY % 2 == 1


def test_only_the_quick_run_leaves_out() -> None:
    """Of random cases on servers `make test` tries a quarter, and `make test-random` all; it has
    those of the oldest MariaDB, too."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lines = [line for line in makefile.splitlines() if "$(PYTEST) " in line]
    leaving_out = [line for line in lines if "long" in line or "hypothesis-profile" in line]
    assert len(leaving_out) == 2
    assert leaving_out[0].endswith("$(OFFLINE)")
    assert leaving_out[1].endswith(
        "-m 'not engine and not oldest' --hypothesis-profile quarter $(ON_SERVERS)"
    )
    rest = "-m '(random or oldest) and not engine' $(ON_SERVERS)"
    assert f"\t$(PYTEST) --forked=$(WORKERS) {rest}" in lines


def test_a_share_of_random_cases_is_of_the_profile_and_never_none() -> None:
    """These tests are run by several profiles."""
    assert share(4) == max(1, 4 * settings().max_examples // 100)
    assert share(1) == 1
