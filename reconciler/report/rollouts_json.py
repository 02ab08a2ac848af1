"""Rollouts over regions, for programs."""

from __future__ import annotations

from typing import assert_never

from reconciler.outcomes.rollouts import Answered, Looked, RolloutOutcome, Started
from reconciler.report.json_values import Json, head, plain


def rollout_outcome(outcome: RolloutOutcome) -> Json:
    match outcome.found:
        case Started(order=order):
            return {**head(outcome, "started"), "order": plain(order)}
        case Answered(asked=asked, is_done=is_done, region=region):
            without = {"region": region} if region else {}
            told = {"asked": asked.value, "is_done": is_done, **without}
            return {**head(outcome, "asked"), **told}
        case Looked(look=look):
            if look is None:
                return head(outcome, "none")
            state = look.shown.state.value if look.shown else "unknown"
            return {**head(outcome, state), **plain(look)}
        case found:
            assert_never(found)
