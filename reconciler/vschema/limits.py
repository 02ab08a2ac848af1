"""Bounds of `vschema/`, each with its unit and the reason for its value."""

# A VSchema of VSCHEMA_BYTES_MAX, told in the shortest keys, has fewer values than this.
VSCHEMA_VALUES_MAX = 500_000

# A danger names so many of the tables that it is for; the VSchema's own difference has them all.
TABLES_NAMED_MAX = 5
