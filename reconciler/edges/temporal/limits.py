"""How long things may take between machines, Temporal and us."""

# A stop reaches a region with the answer to its next sign of life: this is how late it can be.
SIGN_OF_LIFE_EVERY_S = 1
# Of a request to Temporal: a server that elects or restarts takes seconds.
TEMPORAL_ANSWERS_S_MAX = 10
# What is asked of a rollout is answered when nothing runs any more, or after so long: a statement
# may take hours, and nobody waits at a terminal for that.
REQUEST_ENDS_S_MAX = 20
# Before a part is tried again that could not go on: doubled each time, up to the other one.
PART_AGAIN_S_MIN = 1
# As seldom as this a region looks whether a lock is free or a window is open: each look is one at
# every shard.
PART_AGAIN_S_MAX = 60
# Before a region is asked again that could not let go at the end: doubled each time, up to the
# other one. Each time takes eight events of a history, which holds some 50,000.
END_AGAIN_S_MIN = 5
END_AGAIN_S_MAX = 3600
# A copy of a large table takes days, and a part is one wave: nothing but a lost worker ends it.
PART_DAYS_MAX = 30
# After a controller's end another one takes its rollouts; what it had in memory is not waited for.
STICKY_S = 1
# A region that is there hears within a second that its part is to end; where none does, nobody is.
WITHDRAWN_AFTER_S = 3
# Before a worker that has lost Temporal asks for work again.
WORKER_AGAIN_S = 1
# Before a worker looks whether its key was renewed: those of minutes are not served.
KEY_READ_EVERY_S = 20
# Keyspaces that one worker of a region works on side by side; each has threads of its own.
PARTS_AT_ONCE_MAX = 4
# Where an order does not say for how long a region may show no sign of life.
SILENT_S = 30
