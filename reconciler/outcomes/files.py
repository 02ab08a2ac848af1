"""What `pull`, `init` and `lint` end in."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class PullOutcome:
    """`source` is the shard the files were taken from, `alike` those equal to it, `others` the
    rest: a plan will say what they need. Paths are relative to the repository; `spec` is the one
    of them that `init` wrote beside the files."""

    environment: str
    keyspace: str
    source: str
    alike: tuple[str, ...]
    others: tuple[str, ...]
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    spec: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOutcome:
    """What is wrong in the files of one keyspace, without a look at any server."""

    keyspace: str
    tables: int
    problems: tuple[Problem, ...] = ()
