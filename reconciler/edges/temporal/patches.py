"""Changes of what a rollout's workflow orders, each with a name that a history keeps.

Rule (TM-1): a rollout that an earlier version began comes out again as it did. What the workflow
orders, in which order, is changed behind `workflow.patched(NAME)` alone, with the old way left in
place, and a name here is never used again. The old way goes when no history kept under
`tests/cases/histories` and no open rollout is without the name.
"""

from __future__ import annotations

#: A region that could not let go at the end is asked again; before, it counted as told.
TOLD_UNTIL_IT_LETS_GO = "told-until-it-lets-go"

#: A failure that somebody released in its region lets the next wave begin; before, it held again.
PAST_RELEASED_FAILURES = "past-released-failures"
