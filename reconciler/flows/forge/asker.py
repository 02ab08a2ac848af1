"""Who asks, by the forge's record of the run: the reviewers of a place that no job uses may."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.errors import InvalidInput, Refused, Unavailable
from reconciler.flows.forge.merged import Merged
from reconciler.guard.model import Refusal, problem_from
from reconciler.guard.review.asker import Asker
from reconciler.guard.review.asking import AskFacts, RunRecord, judge_asker, run_refusals
from reconciler.guard.review.places import control_place
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True)
class AskedInRun:
    """A run that a person started by hand. Where that person may ask is asked for each environment:
    who is a reviewer of one deployment's place is none of another's, whichever name the run has."""

    merged: Merged
    run: RunRecord
    _known: dict[str, AskFacts] = field(default_factory=dict)

    def asker(self, environment: Environment, *, releases: bool) -> Asker:
        """Raises Refused where that person may not ask this, of this environment, and for whatever
        the forge did not clearly say (RV-6)."""
        name = environment.name
        if name not in self._known:
            self._known[name] = _facts(self.merged, self.run, control_place(name))
        judged = judge_asker(self._known[name], environment, releases=releases)
        if isinstance(judged, Refusal):
            raise Refused(problem_from(judged))
        return judged


def asked_in_run(merged: Merged) -> AskedInRun:
    """Raises Refused for a run that no person started by hand, and for whatever the forge did not
    clearly say (RV-6)."""
    try:
        run = merged.job.ask().this_run()
    except (Unavailable, InvalidInput) as unclear:
        raise Refused(*unclear.problems) from None
    if refusals := run_refusals(run, merged.event.default_branch):
        raise Refused(*map(problem_from, refusals))
    return AskedInRun(merged, run)


def _facts(merged: Merged, run: RunRecord, name: str) -> AskFacts:
    assert run.asked_by is not None, "it is a person"
    forge = merged.job.ask()
    try:
        place = forge.place(name)
        teams = place.teams if place is not None else ()
        return AskFacts(
            run=run,
            place_name=name,
            place=place,
            teams=tuple(team for team in teams if forge.is_member(team, run.asked_by)),
            may_write=forge.may_write(run.asked_by),
        )
    except (Unavailable, InvalidInput) as unclear:
        raise Refused(*unclear.problems) from None
