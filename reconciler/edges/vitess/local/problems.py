"""What can go wrong with a Vitess cluster of our own, each worded once, each with its code."""

from __future__ import annotations

from reconciler.errors import Problem, Unavailable


def vitess_died(name: str, log_tail: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="vitess-died",
            message=f"{name} ended while it should start; its last words:\n{log_tail.strip()}",
            recovery="fix what it complains about (memory, disk), then run again",
        )
    )


def vitess_refused(command: str, words: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="vitess-command-failed",
            message=f"the cluster did not do `{command}`: {words.strip()}",
            recovery="see whether the machine is overloaded, end the cluster, then run again",
        )
    )


def vitess_not_serving(missing: str, seconds: float) -> Unavailable:
    return Unavailable(
        Problem(
            code="vitess-not-serving",
            message=f"within {seconds:.0f} s vtgate did not serve {missing}",
            recovery="see whether the machine is overloaded, end the cluster, then run again",
        )
    )
