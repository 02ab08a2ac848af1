"""What PlanetScale did not do, in words; never with a token or an address (PL-12)."""

from __future__ import annotations

from reconciler.edges.secrets import SECRETS
from reconciler.errors import InvalidInput, Problem, Refused, Unavailable

_AGAIN = "run the same command again; PlanetScale's status page says whether it is PlanetScale"


def unreachable(call: str, kind: str) -> Unavailable:
    return _unavailable(
        "planetscale-unreachable",
        f"PlanetScale did not answer {call}: {kind}",
        "check the network of the machine that runs reconciler, then run the same command again",
    )


def failing(call: str, status: int) -> Unavailable:
    return _unavailable(
        "planetscale-failing", f"PlanetScale answered {call} with HTTP {status}", _AGAIN
    )


def denied(call: str, status: int) -> Unavailable:
    return _unavailable(
        "planetscale-denied",
        f"PlanetScale answered {call} with HTTP {status}: the service token may not do it, or it is"
        " not there",
        "check organization, database and branch in the spec, and give the service token the"
        " accesses that docs/planetscale.md lists",
    )


def rate_limited(call: str) -> Unavailable:
    return _unavailable(
        "planetscale-rate-limited",
        f"PlanetScale refused {call}: the service token has asked too often",
        "wait some minutes, then run the same command again",
    )


def unclear(call: str, what: str) -> Unavailable:
    return _unavailable(
        "planetscale-answer-unclear", f"PlanetScale's answer to {call} is unclear: {what}", _AGAIN
    )


def not_taken(call: str, words: str) -> Refused:
    said = SECRETS.of_a_server(words) or "it does not say why"
    return Refused(
        Problem(
            code="planetscale-refused",
            message=f"PlanetScale refused {call}: {said}",
            recovery="do what its answer asks for, then run the same command again",
        )
    )


def branch_of_production(name: str) -> Refused:
    return Refused(
        Problem(
            code="planetscale-production-branch",
            message=f"branch {name} is of production: nothing is sent to it, and it is not deleted",
            recovery="have PlanetScale make it a development branch, or remove it there, if it is"
            " one that reconciler made; then run the same command again",
        )
    )


def not_production(name: str) -> Problem:
    return Problem(
        code="planetscale-not-production",
        message=f"branch {name} is not of production at PlanetScale, as the spec says it is",
        recovery="name production's branch in the spec, or make the branch one of production",
    )


def branch_missing(name: str) -> Refused:
    return Refused(
        Problem(
            code="planetscale-branch-missing",
            message=f"branch {name} is not there any more",
            recovery="run the same command again: it makes the branch again where it needs one",
        )
    )


def statement_failed(branch: str, words: str) -> Refused:
    return Refused(
        Problem(
            code="planetscale-statement-failed",
            message=f"branch {branch} does not take a statement of the plan: {words}",
            recovery="change the definition so that PlanetScale takes it, and plan again",
        )
    )


def insecure_address() -> InvalidInput:
    return InvalidInput(
        Problem(
            code="planetscale-address-insecure",
            message="the address of PlanetScale's API does not begin with https://: the service"
            " token would be readable",
            recovery="set it to the https address",
        )
    )


def _unavailable(code: str, message: str, recovery: str) -> Unavailable:
    return Unavailable(Problem(code=code, message=message, recovery=recovery))
