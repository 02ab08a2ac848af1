"""What went wrong beside the loop, in words that name no host and no account (PL-12).

RG-53: whatever it is, it is told, tried again, and ends nothing else.
"""

from __future__ import annotations

import errno

from reconciler.errors import Problem, ReconcilerError


def problem_of(error: BaseException) -> Problem:
    if isinstance(error, ReconcilerError):
        return error.problems[0]
    if isinstance(error, OSError):
        named = errno.errorcode.get(error.errno or 0, type(error).__name__)
        return Problem(
            code="controller-machine",
            message=f"the machine of the controller could not do it: {named}",
            recovery="look at its memory, its disk, and how many processes and files it may have;"
            " the same is tried again later, and nothing else waits for it",
        )
    return Problem(
        code="errand-crashed",
        message=f"this is a bug in reconciler: {type(error).__name__}",
        recovery="report it; the same is tried again later, and nothing else waits for it",
    )
