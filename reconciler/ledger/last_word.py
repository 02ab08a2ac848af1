"""Whose word about going on came last, by the numbers of the requests (RG-50, RG-65).

Whatever became of a request, it was somebody's word: who was asked may have died before it was
written down.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.ledger.model import Request
from reconciler.ledger.states import RequestKind

OF_UNFINISHED = (RequestKind.STOP, RequestKind.RESUME)
OF_ENDED = (RequestKind.STOP, RequestKind.CANCEL, RequestKind.RETRY)


def is_stopped(asked: Iterable[Request]) -> bool:
    """Of an apply that is not finished. A run that ended because its process was told to end has no
    request: that is gone on with."""
    return _last(asked, OF_UNFINISHED) is RequestKind.STOP


def is_retried(asked: Iterable[Request]) -> bool:
    """Of one that has ended, and may be begun again by itself."""
    return _last(asked, OF_ENDED) is RequestKind.RETRY


def _last(asked: Iterable[Request], kinds: tuple[RequestKind, ...]) -> RequestKind | None:
    """The requests are in the order of their numbers."""
    return next((one.kind for one in reversed([*asked]) if one.kind in kinds), None)
