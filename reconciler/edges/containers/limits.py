"""Bounds of containers, each with its unit and the reason for its value."""

# A runtime that lists, inspects or removes answers in well under a second; one that starts by being
# asked, such as podman's, needs some.
RUNTIME_ANSWER_S_MAX = 60.0

# 250 MB of a server's image over a slow line.
PULL_S_MAX = 900.0

# The server of a fresh image makes its data folder first: 10 s, on a loaded machine of two cores
# ten times that.
CONTAINER_START_S_MAX = 180.0

# How often a container that starts is looked at.
CONTAINER_LOOK_S = 0.1

# What a runtime said, at the end of which the reason stands.
RUNTIME_WORDS_CHARS_MAX = 1_000
