"""Bounds of `spec/`, each with its unit and the reason for its value."""

# A spec nests seven levels deep; parsers that follow deeper nesting overflow their stack.
YAML_DEPTH_MAX = 32

# 65,536 shards with an override of five keys each; aliases of aliases could ask for billions.
YAML_NODES_MAX = 500_000

# Of all the files of a keyspace: ten that are wrong all through show what was done to them.
KEYSPACE_PROBLEMS_MAX = 1_000
