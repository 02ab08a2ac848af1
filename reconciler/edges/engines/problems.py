"""What can go wrong with an engine's program, each worded once, each with its code."""

from __future__ import annotations

from collections.abc import Sequence

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


def engine_version_unknown(name: EngineName, version: str, known: Sequence[str]) -> Unavailable:
    seen = f"version {version}" if version else "a version that it does not tell"
    return Unavailable(
        Problem(
            code="engine-version-unknown",
            message=f"engine {name} is there in {seen}, and is known to work in {', '.join(known)}",
            recovery="install that version where this runs, before the other on the PATH (in a"
            " checkout of reconciler: `make engines`), then run the same command again",
        )
    )
