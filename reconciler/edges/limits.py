"""Bounds of several edges, each with its unit and the reason for its value."""

# A password of fewer characters may be a word of any sentence: it is taken out of what servers say,
# and not looked for elsewhere.
SECRET_CHARS_MIN = 8
