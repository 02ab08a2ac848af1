"""Bounds of `rollout/`, each with its unit and the reason for its value."""

# A write that got no answer from PlanetScale is seen, or is not on its way any more, after this
# long: whoever asked it has given up after two minutes.
DEPLOY_ON_ITS_WAY_S = 180

# A branch of our own that has neither state of the plan is made again: of a schema that production
# had a moment ago, or with half of the statements. One that never comes right is for a person.
BRANCHES_MADE_MAX = 3

# A server that restarts, or a metric that is scraped anew, is back by then; what is not wants
# somebody, who is told so by a run that ends.
UNMEASURED_S_MAX = 900.0
