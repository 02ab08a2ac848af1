"""What can go wrong with Vitess' programs, each worded once, each with its code."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import Problem, Unavailable


def vitess_program_missing(name: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="vitess-program-missing",
            message=f"{name} is not on this machine",
            recovery=f"install {name} where this runs, on the PATH (in a checkout of reconciler:"
            " `make vitess`), then run the same command again",
        )
    )


def vitess_version_unknown(name: str, version: str, known: Sequence[str]) -> Unavailable:
    seen = f"version {version}" if version else "a version that it does not tell"
    return Unavailable(
        Problem(
            code="vitess-version-unknown",
            message=f"{name} is there in {seen}, and is known to work in {', '.join(known)}",
            recovery="install such a version where this runs, before the other on the PATH (in a"
            " checkout of reconciler: `make vitess`), then run the same command again",
        )
    )
