"""As much of what is wrong with files as anybody reads.

A file of some megabytes can hold a million mistakes, and a mistake can be as long as the file. Both
are cut, and what was cut is said: a list that ends without a word looks like all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from reconciler.errors import Location, Problem
from reconciler.limits import FILE_PROBLEMS_MAX, PROBLEM_CHARS_MAX


def first_problems(
    problems: Iterable[Problem], path: str, *, most: int = FILE_PROBLEMS_MAX
) -> tuple[Problem, ...]:
    """The first of them, and one that says that there are more; of a generator no further ones are
    made."""
    found = tuple(islice(_short(problems), most + 1))
    return found if len(found) <= most else (*found[:most], _and_more(path, most))


def _short(problems: Iterable[Problem]) -> Iterator[Problem]:
    for problem in problems:
        message, recovery = _cut(problem.message), _cut(problem.recovery)
        yield replace(problem, message=message, recovery=recovery)


def _cut(text: str) -> str:
    if len(text) <= PROBLEM_CHARS_MAX:
        return text
    return f"{text[:PROBLEM_CHARS_MAX]}… ({len(text) - PROBLEM_CHARS_MAX} more characters)"


def _and_more(path: str, most: int) -> Problem:
    return Problem(
        code="problems-not-all-shown",
        message=f"there are more than these {most} problems",
        recovery="fix these, then run the same command again",
        where=Location(path=path),
    )
