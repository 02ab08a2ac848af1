"""Bounds of `vschema/`, each with its unit and the reason for its value."""

# A VSchema is one value of the topology server, and etcd takes no more than 1.5 MB of one.
VSCHEMA_BYTES_MAX = 1_500_000

# One of that size, told in the shortest keys, has fewer values than this.
VSCHEMA_VALUES_MAX = 500_000

# A danger names so many of the tables that it is for; the VSchema's own difference has them all.
TABLES_NAMED_MAX = 5
