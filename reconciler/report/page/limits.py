"""Bounds of `report/page/`, each with its unit and the reason for its value."""

# Stretches of shards in one line; the plan file and `--output json` have them all.
RANGES_SHOWN_MAX = 12

# Shards that each have a cell with their name; more are squares.
NAMED_CELLS_MAX = 96

# Squares in a row: 64 rows are 4,096 shards.
SQUARES_A_ROW = 64

# Squares that are all alike; more say no more than their number does.
ALIKE_SHOWN_MAX = 512

# Change sets that have a look of their own in a picture of squares.
LOOKS_OF_SETS = 6

# Operations that each have a bar; of more the slowest are shown below their waves.
BARS_MAX = 40
SLOWEST_SHOWN = 20

# Definitions of drift that are compared; groups beyond them are told in words.
DEFINITIONS_SHOWN_MAX = 40
