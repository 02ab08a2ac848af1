"""Bounds of the engines' programs, each with its unit and the reason for its value."""

# Asked for its version, a program answers in well under a second; a busy machine takes its time.
ENGINE_SAYS_S_MAX = 60
