"""A deploy through PlanetScale, in words: how far it is, and what it was asked for."""

from __future__ import annotations

from typing import assert_never

from reconciler.ledger.deploys import AtPlanetScale, DeployIntended, DeployStep, DeployWait
from reconciler.report.times import moment


def deploy_wait_words(wait: DeployWait) -> str:
    """'PlanetScale (deploy request 7: in progress, 40 %)', after "waits for"."""
    if isinstance(wait, AtPlanetScale):
        if not wait.number:
            return "PlanetScale"
        far = f", {wait.percent} %" if wait.percent else ""
        return f"PlanetScale (deploy request {wait.number}: {wait.state.replace('_', ' ')}{far})"
    back = f"PlanetScale can revert deploy request {wait.number} until {moment(wait.until_s)}"
    return f"the end of its way back: {back}"


def intended_words(intended: DeployIntended) -> str:
    """'asked PlanetScale to deploy (deploy request 7)'."""
    number = f" (deploy request {intended.number})" if intended.number else ""
    because = f": {intended.because}" if intended.because else ""
    return f"asks PlanetScale to {_step(intended.step)}{number}{because}"


def _step(step: DeployStep) -> str:
    match step:
        case DeployStep.MAKE_BRANCH:
            return "make a branch of production"
        case DeployStep.DROP_BRANCH:
            return "delete the branch"
        case DeployStep.RUN:
            return "run the plan's statements on the branch"
        case DeployStep.OPEN:
            return "open a deploy request from the branch"
        case DeployStep.DEPLOY:
            return "deploy"
        case DeployStep.CUT_OVER:
            return "cut over"
        case DeployStep.CANCEL:
            return "cancel the deploy"
        case DeployStep.CLOSE:
            return "close the deploy request"
        case DeployStep.SKIP_REVERT:
            return "give the way back up"
        case _:
            assert_never(step)
