"""Bounds of `plan/`, each with its unit and the reason for its value."""

# A file of that size has some 3 million values; Python needs 60 bytes and more for each.
PLAN_VALUES_MAX = 4_000_000

# Smaller tables change in moments whatever the class; a ceiling below this would only be noise.
ROW_CEILING_MIN = 100_000

# Ceilings are powers of ten.
ROW_CEILING_STEP = 10

# A statement that moves metadata alone, with nobody in its way.
MOMENT_S = 1.0

# Two texts are compared line by line in the time of their product at worst: of so many, seconds.
# A VSchema of 500 tables has fewer.
VSCHEMA_LINES_COMPARED_MAX = 10_000

# What took less says nothing of a speed, and a table that grew more than so has other costs.
LEARNED_S_MIN = 5.0
GROWN_MAX = 10
