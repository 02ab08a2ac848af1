"""Bounds of observation files, each with its unit and the reason for its value."""

# 4,096 shards of 50 tables, a hundredth of which differ, stay below this; more is refused unread.
OBSERVATION_BYTES_MAX = 256_000_000

# Each value takes some 60 bytes: what the bytes above hold of whole observations stays below this.
OBSERVATION_VALUES_MAX = 8_000_000

# The jobs of several regions and a plan after them take minutes; a runner may have to be waited
# for. What lies there for longer is of another run, and a plan of it would be refused anyway.
OBSERVATION_AGE_S_MAX = 3_600

# A key of fewer could be found by trying (HMAC-SHA256 has 32 bytes).
OBSERVATION_KEY_CHARS_MIN = 32
