"""Who asks, by the forge's record of the run: the reviewers of a place that no job uses may."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import InvalidInput, Refused, Unavailable
from reconciler.flows.forge.merged import Merged
from reconciler.guard.model import Refusal, problem_from
from reconciler.guard.review.asker import Asker
from reconciler.guard.review.asking import AskFacts, judge_asker, run_refusals
from reconciler.guard.review.places import control_place
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True)
class AskedInRun:
    """A run that a person started by hand, with what the forge says of that person."""

    facts: AskFacts

    def asker(self, environment: Environment, *, releases: bool) -> Asker:
        """Raises Refused where that person may not ask this, of this environment."""
        judged = judge_asker(self.facts, environment, releases=releases)
        if isinstance(judged, Refusal):
            raise Refused(problem_from(judged))
        return judged


def asked_in_run(merged: Merged) -> AskedInRun:
    """Raises Refused for a run that no person started by hand, and for whatever the forge did not
    clearly say (RV-6)."""
    forge, branch = merged.job.ask(), merged.event.default_branch
    name = control_place(merged.environment)
    try:
        run = forge.this_run()
        if refusals := run_refusals(run, branch):
            raise Refused(*map(problem_from, refusals))
        assert run.asked_by is not None, "it is a person"
        place = forge.place(name)
        teams = place.teams if place is not None else ()
        facts = AskFacts(
            run=run,
            place_name=name,
            place=place,
            teams=tuple(team for team in teams if forge.is_member(team, run.asked_by)),
            may_write=forge.may_write(run.asked_by),
        )
    except (Unavailable, InvalidInput) as unclear:
        raise Refused(*unclear.problems) from None
    return AskedInRun(facts)
