"""The deployment of one keyspace on the forge: begun with the rollout, ended with it.

It is told like a comment: whether the forge takes it decides nothing.
"""

from __future__ import annotations

from reconciler.flows.forge.job import ForgeJob
from reconciler.guard.model import Refusal
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.plan.model import Plan
from reconciler.ports.notices import Notices
from reconciler.report.forge_words import deployment_words

# What waits for a person is neither done nor lost.
_STATES = {
    ApplyVerdict.COMPLETED: "success",
    ApplyVerdict.DRIFTED: "failure",
    ApplyVerdict.UNCONFIRMED: "error",
    ApplyVerdict.PAUSED: "pending",
    ApplyVerdict.STOPPED: "pending",
    ApplyVerdict.REFUSED: "failure",
    ApplyVerdict.FAILED: "failure",
    ApplyVerdict.CANCELLED: "failure",
    ApplyVerdict.UNKNOWN: "error",
}


class Deployment:
    """`begin` is called beside the rollout, `end` after it, or `lost`; none of them raises."""

    def __init__(self, job: ForgeJob, commit: str, environment: str) -> None:
        self._job, self._commit, self._environment = job, commit, environment
        self._plan: Plan | None = None
        self._id: int | None = None
        self._was_asked = False  # a write without an answer may have happened: not twice

    def note(self, plan: Plan) -> tuple[Refusal, ...]:
        """A gate that refuses nothing: the plan that the others are asked about."""
        self._plan = plan
        return ()

    def begin(self) -> None:
        self._job.say("the deployment", lambda notices: self._move(notices, "in_progress"))

    def end(self, outcome: ApplyOutcome) -> None:
        """Not where nothing was due, and not without a plan: there was nothing to deploy."""
        state = _STATES.get(outcome.verdict)
        if state is None or outcome.plan is None:
            return
        self._plan = outcome.plan

        def finish(notices: Notices) -> None:
            self._move(notices, state)
            if state == "success" and self._id is not None:
                notices.retire_deployments(
                    self._environment,
                    outcome.keyspace,
                    before=self._id,
                    url=self._job.facts.run_url,
                )

        self._job.say("the deployment", finish)

    def lost(self) -> None:
        """The apply ended without an outcome; what it had begun is in nobody's hands."""
        if self._id is not None:
            self._job.say("the deployment", lambda notices: self._move(notices, "error"))

    def _move(self, notices: Notices, state: str) -> None:
        if not self._was_asked and self._plan is not None:
            self._was_asked = True
            self._id = self._open(notices, self._plan)
        if self._id is not None:
            notices.move_deployment(self._id, state=state, url=self._job.facts.run_url)

    def _open(self, notices: Notices, plan: Plan) -> int:
        keyspace = plan.core.keyspace
        return notices.begin_deployment(
            self._commit,
            self._environment,
            keyspace,
            plan_id=plan.plan_id,
            description=deployment_words(keyspace, plan.plan_id),
        )
