"""Bounds of `rollout/`, each with its unit and the reason for its value."""

# Shards in flight, those whose copies wait to be swapped in among them: each has a thread, two
# connections and an engine's process. Waves whose copies belong together cannot be larger.
SHARDS_AT_WORK_MAX = 256
