"""What can go wrong with an engine's program, each worded once, each with its code."""

from __future__ import annotations

from reconciler.errors import Problem, Unavailable
from reconciler.model.engine import EngineName


def engine_missing(name: EngineName) -> Unavailable:
    return Unavailable(
        Problem(
            code="engine-missing",
            message=f"engine {name} is not on this machine, and the plan has a statement for it",
            recovery="install it where this runs, on the PATH (in a checkout of reconciler: `make"
            " engines`), then run the same command again",
        )
    )
