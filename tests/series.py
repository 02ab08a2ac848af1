"""Long series of cases, of which `make quick` runs every seventh and `make test` all; and random
cases on servers, of which `make test` tries a quarter and `make test-random` all.

They are those of one claim: a kill at every moment of a run, one storm after the other. A test
whose cases are such a series is run by both, and says the same in both.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet
from hypothesis import settings

# The profile of Hypothesis that is taken where no other is named.
ANY_MACHINE = "any-machine"

# Moments come in pairs, before an effect and after it: an even number would leave one kind out.
QUICK_EVERY = 7


def series(cases: Iterable[object]) -> list[ParameterSet]:
    """For `parametrize`: the first of seven as it is, the others marked as long. A tuple is one
    case of several parameters."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=[pytest.mark.long] if number % QUICK_EVERY else [],
        )
        for number, case in enumerate(cases)
    ]


def sevenths() -> list[ParameterSet]:
    """For a test that goes through its series itself, from here on in steps of QUICK_EVERY."""
    return series(range(QUICK_EVERY))


def share(cases: int) -> int:
    """How many of so many random cases this run tries: a share, as its profile has one of what
    Hypothesis makes up. All of them are tried by those that are marked `random`."""
    return max(1, cases * settings().max_examples // settings.get_profile(ANY_MACHINE).max_examples)


def examples(*, times: int) -> settings:
    """Generated inputs, so many times as many as another test gets in the same run."""
    return settings(max_examples=times * settings().max_examples)
