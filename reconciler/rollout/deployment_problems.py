"""Why a deploy through PlanetScale does not go on, in words."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import Problem


def production_unknown(name: str) -> Problem:
    return Problem(
        code="planetscale-branch-unknown",
        message=f"there is no branch {name}, which the spec says is production's",
        recovery="name production's branch in the spec",
    )


def branch_not_ours(name: str) -> Problem:
    return Problem(
        code="planetscale-branch-not-ours",
        message=f"there is a branch {name}, and this apply has not made it, or it is of production:"
        " it is not touched",
        recovery="find out whose it is, delete or rename it at PlanetScale, and apply again",
    )


def branch_stays_astray(name: str) -> Problem:
    return Problem(
        code="planetscale-branch-differs",
        message=f"branch {name} has neither production's schema nor the plan's: PlanetScale made it"
        " of another schema, or keeps a statement of the plan otherwise, or somebody changed it",
        recovery="compare the branch with production at PlanetScale, delete it, and apply again",
    )


def branch_left(name: str, because: Problem) -> Problem:
    return Problem(
        code="planetscale-branch-left",
        message=f"branch {name} is of no use any more, and was not deleted: {because.message}",
        recovery="delete the branch at PlanetScale",
    )


def request_not_ours(number: int) -> Problem:
    return Problem(
        code="planetscale-request-not-ours",
        message=f"deploy request {number} is from this apply's branch, and this apply has not made"
        " it: it is not deployed",
        recovery="close the deploy request at PlanetScale, and apply again",
    )


def requests_many(numbers: Sequence[int]) -> Problem:
    listed = ", ".join(map(str, numbers))
    return Problem(
        code="planetscale-requests-many",
        message=f"deploy requests {listed} are all from this apply's branch: which of them is this"
        " apply's cannot be told, and none is deployed",
        recovery="close them at PlanetScale, and apply again",
    )


def queue_taken(numbers: Sequence[int]) -> Problem:
    listed = ", ".join(map(str, numbers))
    return Problem(
        code="planetscale-queue-taken",
        message=f"deploy requests of somebody else go into production before this one: {listed}",
        recovery="wait until they are deployed and their way back is over, or close them; then"
        " `reconciler resume` goes on",
    )


def deploy_of_others(number: int) -> Problem:
    return Problem(
        code="planetscale-deploy-of-others",
        message=f"deploy request {number} was deployed by somebody else: this apply does not cut it"
        " over",
        recovery="cancel it or cut it over at PlanetScale, then apply again: what is there by then"
        " is compared with the plan",
    )


def deploy_stopped(number: int | None) -> Problem:
    what = "the deploy" if number is None else f"deploy request {number}"
    return Problem(
        code="planetscale-deploy-stopped",
        message=f"{what} was stopped; production is as it was",
        recovery="apply again: that begins with a branch and a deploy request of its own",
    )


def deploy_undone(number: int) -> Problem:
    return Problem(
        code="planetscale-deploy-reverted",
        message=f"deploy request {number} was deployed and reverted: production is as it was",
        recovery="if that was meant, revert the change in git as well; otherwise apply again",
    )


def deploy_failed(number: int, errors: Sequence[str]) -> Problem:
    said = "; ".join(errors) or "PlanetScale shows why"
    return Problem(
        code="planetscale-deploy-failed",
        message=f"deploy request {number} failed: {said}",
        recovery="look at the deploy request at PlanetScale, then run `reconciler drift`: it tells"
        " what production has",
    )


def request_not_deployable(number: int, errors: Sequence[str]) -> Problem:
    said = "; ".join(errors) or "PlanetScale shows why"
    return Problem(
        code="planetscale-not-deployable",
        message=f"deploy request {number} cannot be deployed: {said}",
        recovery="change the definition, or what keeps it at PlanetScale, and plan again",
    )


def request_waits_for_itself(number: int) -> Problem:
    return Problem(
        code="planetscale-auto-cutover",
        message=f"deploy request {number} would cut over by itself: somebody has switched that on",
        recovery="apply again, and leave the deploy request to the apply",
    )


def nothing_to_deploy(number: int) -> Problem:
    return Problem(
        code="planetscale-no-changes",
        message=f"deploy request {number} has no changes, though the plan has: PlanetScale does not"
        " see them as one",
        recovery="plan again; if the plan is the same, PlanetScale does not deploy such a change",
    )


def production_drifted(number: int | None) -> Problem:
    behind = "" if number is None else f" (deploy request {number})"
    return Problem(
        code="planetscale-production-drifted",
        message=f"production has not the schema that the plan was made from{behind}: nothing is"
        " deployed onto it",
        recovery="run `reconciler drift`; then plan again, and have the new plan reviewed",
    )


def production_not_as_planned(number: int) -> Problem:
    return Problem(
        code="planetscale-read-back",
        message=f"deploy request {number} is complete, and production has not the plan's schema",
        recovery="run `reconciler drift`: it tells what production has; while its way back is open,"
        " PlanetScale can revert the deploy request",
    )


def safe_migrations_off(branch: str) -> Problem:
    return Problem(
        code="planetscale-not-safe",
        message=f"branch {branch} is not of production, or has no safe migrations: PlanetScale does"
        " not deploy into it",
        recovery="name production's branch in the spec, or turn safe migrations on for it",
    )
