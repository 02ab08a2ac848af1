"""Bounds of `prove/`, each with its unit and the reason for its value."""

# One round proves what the diff says; a second sets right what a server made of it; more would mean
# that the two never agree.
PROOF_ROUNDS_MAX = 3

# Each exclusion is a class that one of two states of a table refuses; a chain has few such.
PROOF_EXCLUSIONS_MAX = 20

# Parts of one change set that are proven side by side; a scratch server is mostly waiting on disk.
PROOF_PARALLEL = 4
