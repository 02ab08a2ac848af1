"""The review behind a plan, for the record of its apply. It decides nothing: the gates have."""

from __future__ import annotations

from reconciler.errors import ReconcilerError
from reconciler.flows.forge.merged import Merged
from reconciler.guard.review.approvals import ReviewState, last_words
from reconciler.ledger.reviewed import Reviewed
from reconciler.plan.files import plan_paths
from reconciler.spec.tree import from_the_top


def reviewed_in(run: Merged, environment: str, keyspace: str) -> Reviewed | None:
    """None where no pull request brought the plan, or the forge does not say."""
    path = from_the_top(plan_paths(environment, keyspace).json, run.job.clone.below)
    try:
        forge = run.job.ask()
        brought_by = run.job.line.last_change(run.commit, path)
        numbers = forge.pull_requests_of(brought_by) if brought_by is not None else ()
        if not numbers:
            return None
        found = forge.pull_request(numbers[0])
        words = last_words(forge.reviews(found.number))
    except ReconcilerError:
        return None
    return Reviewed(
        pull_request=found.number,
        author=found.author.login if found.author is not None else "",
        approved_by=tuple(
            account.login for account, word in words if word.state is ReviewState.APPROVED
        ),
    )
