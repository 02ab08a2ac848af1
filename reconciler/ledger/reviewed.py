"""Whose change an apply runs, and who approved it, as it was checked when the apply began: kept in
the apply's history, so that the ledger alone answers an auditor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The pull request that brought the plan; accounts by the names that the forge gives them."""

    pull_request: int
    author: str
    approved_by: tuple[str, ...]


AskReview = Callable[[], Reviewed | None]
"""Asked when an apply begins; None: nobody knows of a review."""


def nobody_reviewed() -> None:
    return None
