"""Bounds of a split's sessions, each with its unit and the reason for its value."""

# A statement that waits for a table's lock keeps all who come behind it waiting: a second, and then
# they go first.
TABLE_LOCK_WAIT_S = 1

# As long writers queue behind whoever flips the fence, and no longer.
ROW_LOCK_WAIT_S = 1

# A session that was told to end has a statement to roll back first.
TAKE_OVER_S_MAX = 10

# A tick may think for a while between two batches.
SPLIT_SILENT_S_MAX = 300

# One statement of rows: far below MariaDB's max_allowed_packet (16 MB), and much above what a
# round trip costs.
STATEMENT_BYTES_MAX = 4_000_000

# Of a table with large columns, as much is read at once: with its copy as text, and the rows as
# values, it is in memory some times.
CHUNK_BYTES_MAX = 8_000_000

# One answer with rows: a row may be as long as a packet (1 GB), which nobody copies in this way.
ROWS_ANSWER_BYTES_MAX = 256_000_000

# Keys in one statement: lists beyond some hundreds cost the optimizer more than another statement.
KEYS_PER_STATEMENT = 500

# Places of a queue in one DELETE.
SEQS_PER_STATEMENT = 2_000

# A queue is counted so far: whoever sees as many keys knows that it does not drain.
QUEUE_COUNTED_MAX = 1_000_000
