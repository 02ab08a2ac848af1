"""gh-ost: copies a table's rows into one of its own, follows the binary log, swaps the two.

Tried in version 1.1.10. What of it must be known to read this: it holds a GET_LOCK of a name made
of database and table from before its first table until its end; `_t_gho` is the copy, `_t_ghc` its
changelog with a heartbeat, `_t_ghk` its checkpoints, `_t_del` the table as it was, or for moments
of the swap an empty one ("sentry") in its place. It ends with 0 or 1; a signal cleans up nothing.
"""
