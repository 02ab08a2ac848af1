"""What `doctor` asks of PlanetScale: does everything answer that a plan, an apply and drift read?

Rule: it looks only. Which accesses a token has is nowhere told, so what it may write is not known
before an apply writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.errors import ReconcilerError
from reconciler.model.deploy_request import Branch
from reconciler.outcomes.doctor import CheckMark, DoctorFinding
from reconciler.ports.deploy_requests import DeployRequests
from reconciler.spec.model import PlanetScaleDatabase

_WRITES = "create_branch, delete_branch, connect_branch and create_deploy_request"


def planetscale_findings(
    deploys: DeployRequests, database: PlanetScaleDatabase
) -> Iterator[DoctorFinding]:
    subject = f"branch {database.branch}"
    yield from _asked(subject, lambda: _branch(subject, deploys.branch(database, database.branch)))
    subject = f"schema of {database.keyspace}"
    yield from _asked(
        subject, lambda: _counted(subject, "table", len(deploys.schema(database, database.branch)))
    )
    subject = "deploy requests"
    yield from _asked(
        subject,
        lambda: _counted(
            subject,
            "deploy request from it",
            len(deploys.requests_from(database, database.branch)),
        ),
    )
    yield from _asked("deploy queue", lambda: _queue(deploys, database))
    yield DoctorFinding(
        subject="service token",
        mark=CheckMark.SKIPPED,
        message=f"what it may write is not tried; an apply needs {_WRITES}",
    )


def _asked(subject: str, ask: Callable[[], DoctorFinding]) -> Iterator[DoctorFinding]:
    try:
        yield ask()
    except ReconcilerError as error:
        for problem in error.problems:
            yield _failed(subject, problem.message, problem.recovery)


def _branch(subject: str, branch: Branch | None) -> DoctorFinding:
    if branch is None:
        return _failed(subject, "it is not there", "name production's branch in the spec")
    if not branch.is_production:
        why = "it is a development branch: PlanetScale deploys into production's alone"
        return _failed(subject, why, "name production's branch in the spec")
    if not branch.has_safe_migrations:
        why = "it has no safe migrations: PlanetScale takes no deploy request into it"
        return _failed(subject, why, "turn safe migrations on for it at PlanetScale")
    message = "of production, with safe migrations"
    return DoctorFinding(subject=subject, mark=CheckMark.OK, message=message)


def _counted(subject: str, noun: str, number: int) -> DoctorFinding:
    message = f"{number} {noun}{'' if number == 1 else 's'} can be read"
    return DoctorFinding(subject=subject, mark=CheckMark.OK, message=message)


def _queue(deploys: DeployRequests, database: PlanetScaleDatabase) -> DoctorFinding:
    numbers = [one.number for one in deploys.queue(database) if one.into_branch == database.branch]
    if not numbers:
        return DoctorFinding(subject="deploy queue", mark=CheckMark.OK, message="nothing waits")
    listed = ", ".join(map(str, numbers))
    return DoctorFinding(
        subject="deploy queue",
        mark=CheckMark.WARNING,
        message=f"deploy requests go into {database.branch} before any of an apply: {listed}",
        recovery="wait until they are deployed and their way back is over, or close them",
    )


def _failed(subject: str, message: str, recovery: str) -> DoctorFinding:
    return DoctorFinding(subject=subject, mark=CheckMark.FAILED, message=message, recovery=recovery)
