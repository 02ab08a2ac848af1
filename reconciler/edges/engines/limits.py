"""Bounds of the engines' programs, each with its unit and the reason for its value."""

# Asked for its version, a program answers in well under a second; a busy machine takes its time.
ENGINE_SAYS_S_MAX = 60

# What a program says while it runs is kept up to here, and then begun again: gh-ost says 200 bytes
# each time it is asked, for days.
OUTPUT_BYTES_MAX = 1_000_000

# The last words of it that are looked at and shown: the reason of an end stands in the last lines.
TAIL_BYTES = 4_000

# A table's name, in characters: of MySQL and of MariaDB.
TABLE_NAME_CHARS_MAX = 64
