"""What GitHub did not do, in words; never with a token or a body that could hold one (PL-12)."""

from __future__ import annotations

from reconciler.errors import Problem, Unavailable

_AGAIN = "run the job again; GitHub's status page says whether it is GitHub"


def unreachable(call: str, kind: str) -> Unavailable:
    return _unavailable(
        "forge-unreachable",
        f"GitHub did not answer {call}: {kind}",
        "check GITHUB_API_URL and the runner's network, then run the job again",
    )


def failing(call: str, status: int) -> Unavailable:
    return _unavailable("forge-failing", f"GitHub answered {call} with HTTP {status}", _AGAIN)


def denied(call: str, status: int) -> Unavailable:
    return _unavailable(
        "forge-denied",
        f"GitHub answered {call} with HTTP {status}: the token may not see it, or it is not there",
        "give the job's token the permissions that docs/github.md lists; `reconciler doctor github`"
        " says which one is missing",
    )


def rate_limited(call: str, until: str) -> Unavailable:
    return _unavailable(
        "forge-rate-limited",
        f"GitHub refused {call}: the token has asked too often, and may ask again {until}",
        "run the job again then",
    )


def unclear(call: str, what: str) -> Unavailable:
    return _unavailable(
        "forge-answer-unclear", f"GitHub's answer to {call} is unclear: {what}", _AGAIN
    )


def _unavailable(code: str, message: str, recovery: str) -> Unavailable:
    return Unavailable(Problem(code=code, message=message, recovery=recovery))
