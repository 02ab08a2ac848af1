"""A proposed split for programs."""

from __future__ import annotations

from reconciler.outcomes.advise import AdviseOutcome
from reconciler.report.json_values import Json, head, plain, problems_json


def advise_outcome(outcome: AdviseOutcome) -> Json:
    how = "proposed" if outcome.proposal else "nothing-proposed"
    return {
        **head(outcome, how),
        "ceilings": plain(outcome.ceilings),
        "shards": [plain(load) for load in outcome.loads],
        "proposal": plain(outcome.proposal) if outcome.proposal else None,
        "edit": None if outcome.edit is None else list(outcome.edit),
        "declined": [{"shard": shard, "reason": why} for shard, why in outcome.declined],
        "unseen": [{"reason": why, "shards": list(names)} for why, names in outcome.unseen],
        "problems": problems_json(outcome.problems),
    }
