"""What can go wrong with a container of our own, each worded once, each with its code.

A runtime's own words are told without what they name of machines: a registry may be a private one.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.edges.containers.limits import RUNTIME_WORDS_CHARS_MAX
from reconciler.edges.secrets import ADDRESS, SECRETS
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.plan.visible import visible_block

_ANOTHER = (
    "use `scratch: auto` or a scratch connection, in the spec or for this machine alone in"
    " RECONCILER_SCRATCH"
)


def told(words: str, reference: str = "") -> str:
    """What a runtime or a server said last, fit to be shown."""
    if reference:
        words = words.replace(reference, "<image>")
        first = reference.partition("/")[0]
        if first != reference and ("." in first or ":" in first):
            words = words.replace(first, ADDRESS)
    return visible_block(SECRETS.of_a_server(words.strip()[-RUNTIME_WORDS_CHARS_MAX:]))


def no_runtime() -> Unavailable:
    return Unavailable(
        Problem(
            code="container-runtime-missing",
            message="`scratch` names an image, and there is neither docker nor podman on the PATH",
            recovery=f"install one of them, or {_ANOTHER}",
        )
    )


def runtime_unusable(said: Sequence[tuple[str, str]]) -> Unavailable:
    """`said` are runtimes and what each answered."""
    answers = "; ".join(f"{name} said: {told(words) or 'nothing'}" for name, words in said)
    return Unavailable(
        Problem(
            code="container-runtime-unusable",
            message=f"`scratch` names an image, and nothing works that could start it: {answers}",
            recovery="start its daemon, or give this user the right to use it (`docker ps` or"
            f" `podman ps` must work), or {_ANOTHER}",
        )
    )


def image_not_had(runtime: str, words: str, reference: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="scratch-image-not-had",
            message=f"the image that `scratch` names is not on this machine, and {runtime} cannot"
            f" pull it: {told(words, reference) or 'it gave no reason'}",
            recovery=f"mend that, log {runtime} in to the registry, or pull the image yourself"
            f" ({runtime} pull, with the name that the spec has), then run the same command again",
        )
    )


def container_died(runtime: str, words: str, reference: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="scratch-image-died",
            message="the container of the image that `scratch` names ended before its server"
            f" answered; its last words:\n{told(words, reference) or 'none'}",
            recovery=f"mend what it complains about (memory, disk, {runtime} itself), or name"
            " another image: one of mysql, mariadb or percona, or with an entry point like theirs",
        )
    )


def container_too_slow(seconds: float, last_seen: str, words: str, reference: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="scratch-image-too-slow",
            message="the server of the image that `scratch` names was not ready after"
            f" {seconds:.0f} s: {last_seen}; its last words:\n{told(words, reference) or 'none'}",
            recovery="see whether the machine is overloaded, whether the runtime runs on this"
            " machine (a port of 127.0.0.1 must lead to it), and whether the image sets the"
            " password that it is given, as those of mysql, mariadb and percona do",
        )
    )


def port_not_ours(runtime: str) -> Refused:
    return Refused(
        Problem(
            code="scratch-image-exposed",
            message=f"{runtime} has published the scratch server's port elsewhere than at"
            " 127.0.0.1, where it was told to; it was ended at once",
            recovery=f"look at how {runtime} is set up, or {_ANOTHER}",
        )
    )
