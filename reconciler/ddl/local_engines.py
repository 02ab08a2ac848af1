"""Which engines keep what they are given on the server that they run on."""

from __future__ import annotations

# Engines that keep their rows on this server and nowhere else. MERGE, FEDERATED, CONNECT, SPIDER
# and the like read and write elsewhere, and an engine that is not known here may do so.
LOCAL_ENGINES = frozenset(
    {"innodb", "myisam", "aria", "memory", "heap", "archive", "csv", "blackhole", "rocksdb", "ndb"}
)
