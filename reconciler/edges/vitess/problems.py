"""What can go wrong with Vitess' programs, each worded once, each with its code."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.edges.secrets import SECRETS
from reconciler.edges.vitess.limits import VTCTLD_ERROR_CHARS_MAX
from reconciler.errors import Problem, Unavailable
from reconciler.plan.visible import visible_line


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


def vtctld_silent() -> Problem:
    return Problem(
        code="vtctld-silent",
        message="vtctld did not answer, or not in time",
        recovery="see whether vtctld is up and `vitess.vtctld` in the spec is its gRPC address,"
        " then run the same command again",
    )


def vtctld_login(words: str) -> Problem:
    """`words` are ours."""
    return Problem(
        code="vtctld-login",
        message=f"vtctld: {words}",
        recovery="check `user` and `password` of `vitess.vtctld` in the spec and the variables they"
        " name, and what vtctld lets that user do; then run the same command again",
    )


def vtctld_refused(said: str) -> Problem:
    """`said` are Vitess' own words."""
    return Problem(
        code="vtctld-error",
        message=f"vtctld was asked and answered: {_shown(said)}",
        recovery="see what it says about vtctld, then run the same command again",
    )


def workflows_unread(keyspace: str, said: str) -> Problem:
    """`said` as in `vtctld_refused`."""
    return Problem(
        code="vitess-workflows-unread",
        message=f"the workflows of keyspace {keyspace} cannot be read, so nobody knows whether one"
        f" of them reads from this one: {_shown(said)}",
        recovery=f"see `vtctldclient GetWorkflows {keyspace}`, then run the same command again",
    )


def vtctld_misread(command: str, reason: str) -> Problem:
    return Problem(
        code="vtctld-misread",
        message=f"what vtctldclient {command} says is not as Vitess 24 says it: {reason}",
        recovery="use vtctld and vtctldclient of Vitess 24; if they are, report it",
    )


def keyspace_gone(keyspace: str, known: Sequence[str]) -> Problem:
    return Problem(
        code="vitess-keyspace-gone",
        message=f"Vitess has no keyspace {keyspace!r}; it has: {', '.join(known) or 'none'}",
        recovery="fix `vitess.keyspace` (or the spec's `keyspace`), or create it in Vitess first",
    )


def session_not_set(label: str, names: Sequence[str]) -> Problem:
    return Problem(
        code="vitess-session",
        message=f"{label}: vtgate did not pass on to its server: {', '.join(names)}",
        recovery="have vttablet and vtgate allow these session variables"
        " (`--queryserver-enable-settings-pool`, `--enable-system-settings`), then run again",
    )


def vschema_refused(keyspace: str, said: str) -> Problem:
    """`said` as in `vtctld_refused`."""
    return Problem(
        code="vschema-refused",
        message=f"Vitess does not take the VSchema of keyspace {keyspace}: {_shown(said)}",
        recovery="change what it names in vschema.json, then run `reconciler plan --write` and have"
        " the plan reviewed",
    )


def vschema_unanswered(keyspace: str, said: str) -> Problem:
    """`said` as in `vtctld_refused`."""
    return Problem(
        code="vschema-unanswered",
        message=f"whether Vitess took the VSchema of keyspace {keyspace} is not known:"
        f" {_shown(said)}",
        recovery="run `reconciler resume`: it looks before it sends anything",
    )


def vschema_not_everywhere(keyspace: str, cell: str) -> Problem:
    return Problem(
        code="vschema-not-everywhere",
        message=f"cell {cell} does not route keyspace {keyspace} by the VSchema that Vitess keeps"
        " for it",
        recovery="if nobody is changing it just now, run `vtctldclient RebuildVSchemaGraph`; then"
        " the same command again",
    )


def vschema_misread(reason: str) -> Problem:
    return Problem(
        code="vschema-misread",
        message=f"what Vitess says of VSchemas is not as Vitess 24 says it: {reason}",
        recovery="use vtctld and vtctldclient of Vitess 24; if they are, report it",
    )


def _shown(said: str) -> str:
    text = visible_line(SECRETS.of_a_server(said), limit_chars=VTCTLD_ERROR_CHARS_MAX)
    return text or "(nothing)"
