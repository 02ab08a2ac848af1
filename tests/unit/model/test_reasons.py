"""What is a reason for a permission, and what only stands where one should."""

from __future__ import annotations

import pytest

from reconciler.model.policy import says_nothing
from tests.sections import CASES


def lines(name: str) -> list[str]:
    return (CASES / "reasons" / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.invariant("RV-7")
@pytest.mark.parametrize("reason", ["", "  ", "\t\n", *lines("placeholders.txt")])
def test_a_placeholder_is_no_reason(reason: str) -> None:
    assert says_nothing(reason)


@pytest.mark.parametrize("reason", lines("given.txt"))
def test_what_says_why_is_a_reason(reason: str) -> None:
    assert not says_nothing(reason)
