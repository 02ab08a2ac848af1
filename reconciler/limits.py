"""Every bound in one place, each with its unit and the reason for its value."""

# MySQL manual, "Identifier Length Limits": 64 characters for databases, tables, columns, indexes.
IDENTIFIER_CHARS_MAX = 64

# A CREATE TABLE with 4,096 columns of long names and comments stays below this.
DEFINITION_BYTES_MAX = 1_000_000

# A plan for 4,000 shards that all differ stays below this; a larger file is refused unread.
PLAN_BYTES_MAX = 64_000_000

# A spec that lists 65,536 shards with overrides stays below this.
SPEC_BYTES_MAX = 16_000_000

# Key ranges of Vitess are at most 8 bytes in practice; 65,536 shards need two.
SHARDS_MAX = 65_536

# A spec nests seven levels deep; parsers that follow deeper nesting overflow their stack.
YAML_DEPTH_MAX = 32

# 65,536 shards with an override of five keys each; aliases of aliases could ask for billions.
YAML_NODES_MAX = 1_000_000

# A throwaway server starts in about 1.5 s; a loaded machine of two cores may need ten times that.
SERVER_START_S_MAX = 90.0

# Looking is light on a server and waits mostly for the network: `rollout.parallel`, which is chosen
# for DDL, does not hold it below this.
OBSERVE_PARALLEL_MIN = 32

# Smaller tables change in moments whatever the class; a ceiling below this would only be noise.
ROW_CEILING_MIN = 100_000
